import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readAs } from '../../../src/options/defaults-file.ts';
import { withVariables } from '../../../src/postgrey/migrate/defaults-text.ts';
import { temporaryDirectory } from '../../support/daemon.ts';
import { canRun } from '../../support/requirements.ts';

const OPTS = '--inet=10023';

test.each([
  ['POSTGREY_OPTS="--delay=60"\n', `POSTGREY_OPTS="${OPTS}"\n`],
  ['# one\nPOSTGREY_OPTS=--delay=60 --inet=1\n# two\n', `# one\nPOSTGREY_OPTS="${OPTS}"\n# two\n`],
  ["  POSTGREY_OPTS='a\nb'\nOTHER=1\n", `  POSTGREY_OPTS="${OPTS}"\nOTHER=1\n`],
  ['POSTGREY_OPTS="a \\\n b \\" c"\nOTHER=1', `POSTGREY_OPTS="${OPTS}"\nOTHER=1`],
  ['POSTGREY_OPTS=a \\\n  b\nOTHER=1\n', `POSTGREY_OPTS="${OPTS}"\nOTHER=1\n`],
  // The last one counts.
  ['POSTGREY_OPTS=a\nPOSTGREY_OPTS=b\n', `POSTGREY_OPTS=a\nPOSTGREY_OPTS="${OPTS}"\n`],
  // A comment is none, and neither is another name.
  ['#POSTGREY_OPTS=a\n', `#POSTGREY_OPTS=a\nPOSTGREY_OPTS="${OPTS}"\n`],
  ['# a comment \\\nPOSTGREY_OPTS=a\n', `# a comment \\\nPOSTGREY_OPTS=a\nPOSTGREY_OPTS="${OPTS}"\n`],
  ['POSTGREY_OPTS="a" b\r\nOTHER=1\r\n', `POSTGREY_OPTS="${OPTS}"\r\nOTHER=1\r\n`],
  ['MY_POSTGREY_OPTS=a', `MY_POSTGREY_OPTS=a\nPOSTGREY_OPTS="${OPTS}"\n`],
  ['', `POSTGREY_OPTS="${OPTS}"\n`],
])('%j becomes %j', (text, changed) => {
  expect(withVariables(text, { POSTGREY_OPTS: OPTS })).toBe(changed);
  expect(readAs('systemd', changed, '').values.get('POSTGREY_OPTS')).toBe(OPTS);
});

test('a name without a value is not added, and one that is there is emptied', () => {
  expect(withVariables('A=1\n', { POSTGREY_TEXT: undefined })).toBe('A=1\n');
  expect(withVariables('POSTGREY_TEXT="no"\n', { POSTGREY_TEXT: undefined })).toBe('POSTGREY_TEXT=""\n');
});

test("greyd's own file keeps its comments", () => {
  const before = readFileSync('etc/default/greyd', 'utf8');
  const after = withVariables(before, { POSTGREY_OPTS: OPTS, POSTGREY_TEXT: 'Later, %s' });
  const comments = (text: string) => text.split('\n').filter((line) => line.startsWith('#'));
  expect(comments(after)).toEqual(comments(before));
  expect(Object.fromEntries(readAs('systemd', after, '').values)).toEqual({
    POSTGREY_OPTS: OPTS,
    POSTGREY_TEXT: 'Later, %s',
  });
});

const VALUES = ['a b', `it's "so"`, '50 $HOME `id` \\ %s', ''];

test.each(VALUES)('%j is read as it was written', (value) => {
  const text = withVariables('', { POSTGREY_TEXT: value });
  expect(readAs('systemd', text, '').values.get('POSTGREY_TEXT')).toBe(value);
});

test.runIf(canRun('values as a shell reads them', { programs: ['sh'] })).each(VALUES)(
  '%j is read so by a shell',
  (value) => {
    const file = join(temporaryDirectory(), 'greyd');
    writeFileSync(file, withVariables('', { POSTGREY_TEXT: value }));
    const { stdout } = spawnSync('sh', ['-c', `. ${file}; printf %s "$POSTGREY_TEXT"`], { encoding: 'utf8' });
    expect(stdout).toBe(value);
  },
);
