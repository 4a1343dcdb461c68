/**
 * The real logcheck, with rules, configuration and state of its own.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { temporaryDirectory } from '../support/daemon.ts';

/** Debian's rules for postgrey, which come with its package postgrey. */
export const POSTGREY_RULES = [
  '/etc/logcheck/ignore.d.server/postgrey',
  '/etc/logcheck/violations.ignore.d/postgrey',
];

const CONFIGURATION = (folder: string) => `
REPORTLEVEL="server"
INTRO=0
FQDN=1
SENDMAILTO="nobody"
TMP="${folder}/tmp"
LOCKDIR="${folder}/tmp"
`;

/**
 * Runs logcheck over a log with nothing but these files of rules.
 * @param rules their folders say what they are for
 * @returns the lines that it reports
 */
export function logcheck(log: string, rules: readonly string[]): string[] {
  const folder = temporaryDirectory();
  const path = (...names: string[]) => join(folder, ...names);
  chmodSync(folder, 0o755);
  for (const name of ['cracking.d', 'cracking.ignore.d', 'violations.d', 'violations.ignore.d'])
    mkdirSync(path('rules', name), { recursive: true });
  for (const name of ['rules/ignore.d.server', 'logfiles.d', 'tmp']) mkdirSync(path(name));
  // logcheck refuses to run as root.
  chmodSync(path('tmp'), 0o777);
  for (const file of rules) copyFileSync(file, path('rules', basename(join(file, '..')), basename(file)));
  writeFileSync(path('log'), log);
  writeFileSync(path('conf'), CONFIGURATION(folder));
  const report = execFileSync(
    'setpriv',
    [
      '--reuid=logcheck',
      '--regid=logcheck',
      '--clear-groups',
      'logcheck',
      ...['-c', path('conf'), '-r', path('rules'), '-S', path('tmp'), '-D', path('logfiles.d')],
      ...['-L', '/dev/null', '-l', path('log'), '-o', '-t'],
    ],
    { encoding: 'utf8' },
  );
  return report.split('\n').filter((line) => log.includes(line) && line !== '');
}
