/**
 * The completion of greyctl and greyd, in a real bash: as a function that is asked, and at the keyboard.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMPLETION_PATH, makeCompletion } from '../man/completion.ts';
import { allCommands } from '../src/ctl/commands/table.ts';
import { FACILITIES } from '../src/log/syslog.ts';
import { partsOf } from '../src/options/command-line.ts';
import { OPTION_TABLE } from '../src/options/table.ts';
import { canRun } from './support/requirements.ts';

const COMMANDS = await allCommands();

const SCRIPT = resolve(COMPLETION_PATH);

test('it is what `npm run docs` makes', () => {
  expect(readFileSync(SCRIPT, 'utf8')).toBe(makeCompletion());
});

/** Asks the function as bash does; its arguments are the script and the words, of which the last is at the cursor. */
const ASK = `source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_greyctl "$1"
printf '%s\\n' "\${COMPREPLY[@]}"`;

/** Splits words as bash does at `=`; the last one is at the cursor. */
const torn = (line: string) =>
  line.split(' ').flatMap((word) => word.split(/(=)/).filter((part, index) => part !== '' || index === 0));
const whole = (line: string) => line.split(' ');

describe.runIf(canRun('completion', { programs: ['bash'] }))('completion', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'greyd-completion-'));
    writeFileSync(join(folder, 'mail log'), '');
    mkdirSync(join(folder, 'mails'));
    writeFileSync(join(folder, 'other'), '');
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  /** Returns the completions at the end of a line. */
  function offered(line: string, split: (line: string) => string[] = torn): string[] {
    const words = split(line);
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', ASK, 'bash', SCRIPT, ...words], {
      encoding: 'utf8',
      cwd: folder,
    });
    expect(stderr).toBe('');
    return stdout.split('\n').filter(Boolean);
  }

  test('commands', () => {
    expect(offered('greyctl ')).toEqual([...COMMANDS.keys()]);
    expect(offered('greyctl ex')).toContain('export');
    expect(offered('/usr/sbin/greyctl imp')).toEqual(['import']);
    expect(offered('greyctl -')).toEqual(['--help', '--version']);
    expect(offered('greyctl nothing ')).toEqual([]);
  });

  test.each([...COMMANDS])('all options of greyctl %s', (name, { program }) => {
    const names = offered(`greyctl ${name} -`).map((option) => option.replace(/=$/, ''));
    expect(names).toEqual(program.options.map(({ flags }) => partsOf(flags).long));
  });

  test('options of greyd, from the first word on', () => {
    const names = offered('greyd ').map((option) => option.replace(/=$/, ''));
    expect(names).toEqual(OPTION_TABLE.map(({ flags }) => partsOf(flags).long));
    expect(offered('greyd --verbose --log-f')).toEqual(['--log-format=']);
    expect(offered('greyd --auto')).toEqual(['--auto-whitelist-clients', '--auto-whitelist-farms=']);
  });

  test('values that are known, with the option or after it', () => {
    expect(offered('greyctl export --format=')).toEqual(['postgrey']);
    expect(offered('greyctl export --format=p')).toEqual(['postgrey']);
    expect(offered('greyctl export --format ')).toEqual(['postgrey']);
    expect(offered('greyctl export --format x')).toEqual([]);
    expect(offered('greyd --log-format=')).toEqual(['text', 'json']);
    expect(offered('greyd --syslog-facility=')).toEqual(FACILITIES);
    expect(offered('greyctl stats --delay=')).toEqual([]);
    expect(offered('greyctl stats --delay ')).toEqual([]);
  });

  test('they have the option before them where bash does not part words at =', () => {
    expect(offered('greyctl export --format=', whole)).toEqual(['--format=postgrey']);
    expect(offered('greyd --log-format=j', whole)).toEqual(['--log-format=json']);
    expect(offered('greyctl backup --dbdir=mails', whole)).toEqual(['--dbdir=mails']);
  });

  test('names of files', () => {
    expect(offered('greyctl report mai').sort()).toEqual(['mail log', 'mails']);
    expect(offered('greyctl report --skip-clients=o')).toEqual(['other']);
    expect(offered('greyctl report --skip-clients o')).toEqual(['other']);
    expect(offered('greyctl backup --dbdir=').sort()).toEqual(['mail log', 'mails', 'other']);
    expect(offered('greyctl check ')).not.toContain('other');
  });

  test('words of a command', () => {
    expect(offered('greyctl export ')).toEqual(['triplets', 'clients']);
    expect(offered('greyctl export --format=postgrey tri')).toEqual(['triplets']);
  });

  /** The arguments with which the programs are called when these keys are typed. */
  function typed(keys: string, setup = ':'): string[] {
    const programs = 'greyctl() { printf "<%s>\\n" "$@"; }; greyd() { greyctl "$@"; }';
    const { stdout } = spawnSync('bash', ['--norc', '--noprofile', '-i'], {
      encoding: 'utf8',
      cwd: folder,
      input: `${programs}; ${setup}; source ${SCRIPT}\n${keys}\n`,
      env: { ...process.env, HOME: folder, INPUTRC: '/dev/null', HISTFILE: '', TERM: 'dumb' },
      timeout: 120_000,
    });
    return [...stdout.matchAll(/^<(.*)>$/gm)].map(([, word = '']) => word);
  }

  test('at the keyboard', () => {
    expect(typed('greyctl expo\t--form\tp\t--lookup\ttri\t')).toEqual([
      'export',
      '--format=postgrey',
      '--lookup-by-host',
      'triplets',
    ]);
    expect(typed('greyd --log-f\tj\t')).toEqual(['--log-format=json']);
    expect(typed('greyctl backup --db\tmails\toth\t')).toEqual(['backup', '--dbdir=mails/oth']);
    expect(typed('greyctl report --tab ~/oth\t')).toEqual(['report', '--tab', join(folder, 'other')]);
    expect(typed('greyctl report mail\\ \t')).toEqual(['report', 'mail log']);
  });

  test('at the keyboard, where = parts no words', () => {
    const setup = `COMP_WORDBREAKS=\${COMP_WORDBREAKS//=}`;
    expect(typed('greyctl expo\t--form\tp\ttri\t', setup)).toEqual([
      'export',
      '--format=postgrey',
      'triplets',
    ]);
    expect(typed('greyctl report --skip-cl\tmail\\ \t', setup)).toEqual([
      'report',
      '--skip-clients=mail log',
    ]);
  });

  test('under the name of greyd too, as it is installed', () => {
    const link = join(folder, 'greyd');
    symlinkSync(SCRIPT, link);
    const { stdout } = spawnSync('bash', ['-c', `source ${link}; complete -p greyd greyctl`], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('complete -F _greyctl greyd\ncomplete -F _greyctl greyctl\n');
    rmSync(link);
  });
});
