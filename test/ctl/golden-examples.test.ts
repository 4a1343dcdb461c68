/**
 * The examples of each --help, as they stand there, by golden files: with /etc/default/greyd and /var as they expect
 * them, greyd on its port, and no other host. And that no command is without golden files.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allCommands } from '../../src/ctl/commands/table.ts';
import { GREYD } from '../support/daemon.ts';
import { stoppedClock } from '../support/fake-time.ts';
import type { ShellSettings } from '../support/transcript.ts';
import { type Around, describeGolden, goldenFiles } from './golden-cases.ts';
import { NOW } from './golden-world.ts';

const COMMANDS = await allCommands();

const NEEDS = {
  root: true,
  programs: ['db_load', 'ip'],
  commands: ['unshare --mount --net --pid --fork ip link set lo up'],
};

/** Would migrate the machine of the test. */
const CHANGES_THE_SYSTEM: ReadonlySet<string> = new Set(['migrate']);

const examples: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [...COMMANDS].map(([name, { program }]): [string, string[]] => [name, examplesOf(program.description)]),
);

describeGolden(
  {
    examples: Object.fromEntries(
      Object.entries(examples).filter(([name, lines]) => lines.length > 0 && !CHANGES_THE_SYSTEM.has(name)),
    ),
  },
  { needs: NEEDS, around: inOwnMachine },
);

test('no command is without examples', () => {
  const without = Object.entries(examples).filter(([, lines]) => lines.length === 0);
  expect(without.map(([name]) => name)).toEqual(['check']);
});

test.each([...COMMANDS.keys()])('%s has golden files of each sort', (name) => {
  const hasJson = COMMANDS.get(name)?.program.options.some(({ flags }) => flags === '--json');
  const sorts = ['plain', 'help', 'usage-error', 'not-found', ...(hasJson ? ['json'] : [])];
  expect(goldenFiles(name)).toEqual(expect.arrayContaining(sorts.map((sort) => `${sort}.txt`)));
});

/** Returns the lines below `Examples:` that need no other host and no journal. */
function examplesOf(description: string): string[] {
  const [, text = ''] = /\nExamples?:\n(.*)$/s.exec(description) ?? [];
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^(greyctl|grep) /.test(line));
}

/** Files, processes and a network of its own; files are as the steps before have left them. */
function inOwnMachine({ cwd }: ShellSettings, name: string): Around {
  const file = (path: string) => join(cwd, 'machine', path);
  for (const path of ['default', 'lib/greyd', 'lib/postgrey', 'log', 'backups', 'spool/postfix/greyd'])
    mkdirSync(file(path), { recursive: true });
  const options = `--dbdir=/var/lib/greyd --whitelist-clients=${cwd}/clients --whitelist-recipients=${cwd}/recipients`;
  writeFileSync(file('default/greyd'), `POSTGREY_OPTS="${options}"\n`);
  cpSync(join(cwd, 'db'), file('lib/greyd'), { recursive: true });
  cpSync(join(cwd, 'mail.log'), file('log/mail.log'));
  cpSync(join(cwd, 'report.log'), file('log/mail.log.1'));
  const clock = Object.entries(stoppedClock(NOW)).map(([variable, value]) => `${variable}='${value}'`);
  const sockets = '--inet=127.0.0.1:60000 --unix=/var/spool/postfix/greyd/socket';
  const start = `env ${clock.join(' ')} '${process.execPath}' '${GREYD}' --daemonize ${sockets} --user=0 ${options}`;
  const script = [
    'set -e',
    `mount --bind '${file('default')}' /etc/default`,
    ...['lib', 'log', 'backups', 'spool'].map((path) => `mount --bind '${file(path)}' /var/${path}`),
    'ip link set lo up',
    '[ -e /var/log/mail.log.2.gz ] || gzip --stdout /var/log/mail.log.1 > /var/log/mail.log.2.gz',
    `[ -e /var/lib/postgrey/postgrey.db ] || db_load -f '${cwd}/postgrey.dump' /var/lib/postgrey/postgrey.db`,
    ...(name === 'query' ? [start] : []),
    'exec "$@"',
  ];
  return {
    launcher: ['unshare', '--mount', '--net', '--pid', '--fork', 'sh', '-c', script.join('\n'), 'sh'],
  };
}
