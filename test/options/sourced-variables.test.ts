/**
 * Files of variables as a shell and as systemd read them, by comparison with a real sh(1) and a real systemd.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemdAssignments, systemdWords } from '../../src/options/environment-file.ts';
import { shellAssignments, UnreadableLine } from '../../src/options/sourced-variables.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { inputs } from '../support/fuzz.ts';
import { OWN_SYSTEMD_NEEDS, OwnSystemd } from '../support/own-systemd.ts';
import { canRun } from '../support/requirements.ts';

const NAMES = ['POSTGREY_OPTS', 'POSTGREY_TEXT', 'DELAY', 'X_1'] as const;

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are a shell's
/** Files of administrators, and what a shell makes of them. */
const FILES: readonly [text: string, opts: string][] = [
  [
    'POSTGREY_OPTS="--inet=10023 --delay=199 --max-age=35"\n' +
      'POSTGREY_OPTS="$POSTGREY_OPTS --whitelist-clients=/etc/postgrey/whitelist_clients"\n',
    '--inet=10023 --delay=199 --max-age=35 --whitelist-clients=/etc/postgrey/whitelist_clients',
  ],
  [
    'DELAY=60\nPOSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=$DELAY" # a minute\n',
    '--inet=127.0.0.1:10023 --delay=60',
  ],
  ['export POSTGREY_OPTS="--inet=10023"\n', '--inet=10023'],
  ['POSTGREY_OPTS="--inet=10023"; export POSTGREY_OPTS\n', '--inet=10023'],
  ['POSTGREY_OPTS="$POSTGREY_OPTS --inet=10023"', ' --inet=10023'],
  ['POSTGREY_OPTS="--inet=10023 --delay=${DELAY:-60}"', '--inet=10023 --delay=60'],
  ['DELAY=\nPOSTGREY_OPTS="--delay=${DELAY-60} --max-age=${DELAY:-40}${X_1+no}"', '--delay= --max-age=40'],
  ['POSTGREY_OPTS="${DELAY:=70} $DELAY"', '70 70'],
  ['DELAY=60 POSTGREY_OPTS="--delay=$DELAY" X_1=\'a b\'', '--delay=60'],
  ['POSTGREY_OPTS="--inet=10023 \\\n  --delay=60"', '--inet=10023   --delay=60'],
  ['POSTGREY_OPTS=--inet=10023\\\n--x', '--inet=10023--x'],
  ['POSTGREY_OPTS="--inet=10023\n--delay=60"', '--inet=10023\n--delay=60'],
  ["POSTGREY_OPTS='--delay=$DELAY \\'", '--delay=$DELAY \\'],
  ['POSTGREY_OPTS="a"\'b\'c\\ d"\\$e \\x"', 'abc d$e \\x'],
  ['# a comment \\\nPOSTGREY_OPTS=x#y # POSTGREY_OPTS=z', 'x#y'],
  ['  \t\n\nPOSTGREY_OPTS=\n', ''],
  ['POSTGREY_OPTS="100$"', '100$'],
];

function bySh(text: string): string[] {
  const file = join(temporaryDirectory(), 'defaults');
  writeFileSync(file, text);
  const script = `. '${file}' && printf '%s\\0' ${NAMES.map((name) => `"$${name}"`).join(' ')}`;
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script], {
    encoding: 'utf8',
    env: { PATH: '/nonexistent' },
  });
  expect([status, stderr], text).toEqual([0, '']);
  return stdout.split('\0').slice(0, -1);
}

function read(text: string): string[] {
  const values = new Map(shellAssignments(text).map(({ name, value }) => [name, value]));
  return NAMES.map((name) => values.get(name) ?? '');
}

test.each(FILES)('%j', (text, opts) => {
  expect(read(text)[0]).toBe(opts);
  expect(bySh(text).slice(0, 1)).toEqual([opts]);
});

test.each([
  ['if true; then\nPOSTGREY_OPTS=x; fi', 1, "only NAME=value is read here, not 'if'"],
  ['A=1\n\nPOSTGREY_OPTS="$(cat /etc/mailname)"', 3, 'no command is run here'],
  ['POSTGREY_OPTS=`hostname`', 1, 'put the value in quotes'],
  ['A="\nb\n"\nPOSTGREY_OPTS="`hostname`"', 4, 'no command is run here'],
  ['POSTGREY_OPTS=--inet=10023 --delay=60', 1, "not '--delay=60'; put a value with blanks in quotes"],
  ['POSTGREY_OPTS="--delay=$DELAY"', 1, '$DELAY has no value in this file'],
  ['POSTGREY_OPTS="a\nb', 1, 'the closing " is missing'],
  ["POSTGREY_OPTS='a\nb", 1, "the closing ' is missing"],
  ['. /etc/default/common', 1, 'only NAME=value is read here'],
  ['POSTGREY_OPTS=a|b', 1, "'|' is not read here"],
  ['POSTGREY_OPTS=~/list', 1, "'~' is not read here"],
  ['A=1\r\n', 1, 'a carriage return'],
  ['POSTGREY_OPTS="${DELAY%0}"', 1, 'this expansion is not read here'],
  ['POSTGREY_OPTS=$1', 1, '$1 is not read here'],
  ['export A=1 POSTGREY_OPTS="$A"', 1, 'write $A in a line of its own'],
  ['A="x y"\nexport POSTGREY_OPTS=$A', 2, 'put the value in double quotes'],
])('%j cannot be read: line %i, %s', (text, line, reason) => {
  try {
    shellAssignments(text);
  } catch (error) {
    expect(error).toBeInstanceOf(UnreadableLine);
    expect(error).toMatchObject({ line, message: expect.stringContaining(reason) });
    return;
  }
  throw new Error('it was read');
});

/** Texts of what such files are made of, well put together or not. */
const PIECES = fc.constantFrom(
  ...[
    '"',
    "'",
    '\\',
    '\n',
    ' ',
    '\t',
    '$',
    '${',
    '}',
    ':-',
    '-',
    '=',
    '+',
    ';',
    '#',
    'a',
    '--delay=60',
    '"$DELAY"',
  ],
  ...[
    '${X_1:-b}',
    '$POSTGREY_OPTS',
    '\\\n',
    '\\"',
    '`',
    '*',
    '~',
    ':',
    'export ',
    '--x="y z"',
    "'q r'",
    '_',
    '{',
    '/',
  ],
);
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
const NAME = fc.constantFrom(...NAMES);
const LINE = fc
  .tuple(
    fc.constantFrom('', '', '', 'export ', ' ', '#'),
    NAME,
    fc.array(PIECES, { maxLength: 6 }),
    fc.constantFrom('\n', '\n', ';', ' '),
  )
  .map(([before, name, pieces, after]) => `${before}${name}=${pieces.join('')}${after}`);
const FILE = fc.array(LINE, { minLength: 1, maxLength: 4 }).map((lines) => lines.join(''));
const QUOTED = fc
  .array(fc.tuple(NAME, fc.array(PIECES, { maxLength: 6 })), { minLength: 1, maxLength: 4 })
  .map((lines) =>
    lines.map(([name, pieces]) => `${name}="${pieces.join('').replace(/["`]/g, '')}"\n`).join(''),
  );

test('what is read is what a shell reads, whatever the file', () => {
  let count = 0;
  fc.assert(
    fc.property(fc.oneof(FILE, QUOTED), (text) => {
      let values: string[];
      try {
        values = read(text);
      } catch (error) {
        if (error instanceof UnreadableLine) return;
        throw error;
      }
      count += 1;
      expect(bySh(text), text).toEqual(values);
    }),
    { numRuns: inputs(400) },
  );
  expect(count).toBeGreaterThan(inputs(80));
});

const OUT = '/run/read';
const UNIT = `[Service]
Type=oneshot
EnvironmentFile=/units/%i.env
ExecStart=/bin/sh -c 'for word in "$$POSTGREY_OPTS" "$$POSTGREY_TEXT" "$$DELAY" "$$X_1" "$$@"; do printf "%%s\\\\0" "$$word"; done >${OUT}.%i' sh $POSTGREY_OPTS
`;

describe.skipIf(!canRun('files of variables under systemd', OWN_SYSTEMD_NEEDS))('under systemd', () => {
  test('what is read is what systemd reads, and its words', async () => {
    const seed = Number(process.env.GREYD_DEFAULTS_SEED ?? 7);
    const made = fc.sample(fc.oneof(FILE, QUOTED), { numRuns: 60, seed });
    const texts = [...FILES.map(([text]) => text), ...made].filter(hasSameInAllVersions);
    const systemd = await OwnSystemd.boot({
      'read@.service': UNIT,
      ...Object.fromEntries(texts.map((text, index) => [`${index}.env`, text])),
    });
    systemd.run('systemctl', 'start', ...texts.map((_, index) => `read@${index}.service`));
    for (const [index, text] of texts.entries()) {
      const found = systemd.run('cat', `${OUT}.${index}`).split('\0').slice(0, -1);
      const values = new Map(systemdAssignments(text).map(({ name, value }) => [name, value]));
      const opts = values.get('POSTGREY_OPTS') ?? '';
      expect(found, JSON.stringify(text)).toEqual([
        ...NAMES.map((name) => values.get(name) ?? ''),
        ...systemdWords(opts),
      ]);
    }
  });
});

/** systemd 254 and later end a comment at its line, those before go on after a backslash; a quote that is not closed differs too. */
function hasSameInAllVersions(text: string): boolean {
  return !/^[ \t]*[#;].*\\$/m.test(text);
}

test("greyd's own file is read alike", () => {
  const text = readFileSync('etc/default/greyd', 'utf8');
  expect(shellAssignments(text)).toEqual(systemdAssignments(text));
});
