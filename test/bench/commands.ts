/**
 * The commands of greyctl in their important forms, as they are measured on a million triplets: those of
 * test/support/million.ts, and half of them those of the traffic, which have passed.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pathOf } from '../support/requirements.ts';
import { Redis } from './redis.ts';
import { tripletMail } from './traffic.ts';

const GREYD = fileURLToPath(new URL('../../../bin/greyd.js', import.meta.url));
const GREYD_OPTIONS = ['--inet=127.0.0.1:0', `--user=${process.getuid?.() ?? 0}`];

/** Where commands find things. */
export interface Site {
  readonly dbdir: string;
  /** Of the greyd that runs on it. */
  readonly port: number;
  /** For what they read and write. */
  readonly folder: string;
  /** An empty shared store; undefined: Redis is not installed. */
  readonly redis: Redis | undefined;
}

export interface Form {
  readonly name: string;
  /** @param run how often it was run before: what changes records finds new ones at each run */
  readonly words: (site: Site, run: number) => readonly string[];
  /** A file that is its standard input. */
  readonly input?: (site: Site) => string;
  /** It takes so long that one run has to do. */
  readonly isLong?: true;
  readonly needsRedis?: true;
}

const INPUT_RECORDS = 100_000;

const dumpOf = ({ folder }: Site) => join(folder, 'dump');
const logOf = ({ folder }: Site) => join(folder, 'mail.log');

/** Of the traffic's triplets, the sender of one that comes last in the order of the keys, or nearly so. */
const LAST_SENDER = Array.from({ length: 1000 }, (_, n) => tripletMail(n)).reduce((last, mail) =>
  mail.clientNetwork > last.clientNetwork ? mail : last,
).sender;

const WAITING = (run: number) =>
  `client_address=10.0.${run % 250}.1 sender=user${200 * run}@domain${(200 * run) % 250}.example.net recipient=box${(200 * run) % 5000}@example.org`.split(
    ' ',
  );

export const FORMS: readonly Form[] = [
  {
    name: 'explain',
    words: (_, run) => ['explain', ...WAITING(run), '--whitelist-clients=', '--whitelist-recipients='],
  },
  { name: 'show', words: (_, run) => ['show', ...WAITING(run)] },
  { name: 'query', words: ({ port }, run) => ['query', `127.0.0.1:${port}`, ...WAITING(run)] },
  { name: 'list', words: () => ['list'] },
  { name: 'list --json', words: () => ['list', '--json'] },
  { name: 'list clients', words: () => ['list', 'clients'] },
  { name: 'list sender=…', words: () => ['list', `sender=${LAST_SENDER}`] },
  { name: 'list recipient=@…', words: () => ['list', 'recipient=@nobody.example'] },
  { name: 'list client_address=…/16', words: () => ['list', 'client_address=10.77.0.0/16'] },
  {
    name: 'list --state=waiting --order=newest',
    words: () => ['list', '--state=waiting', '--order=newest'],
  },
  { name: 'list --order=oldest --limit=10000', words: () => ['list', '--order=oldest', '--limit=10000'] },
  { name: 'search (occurs once)', words: () => ['search', LAST_SENDER.slice(0, 12)] },
  { name: 'search (nowhere)', words: () => ['search', 'nobody@nowhere'] },
  { name: 'stats', words: () => ['stats'] },
  { name: 'stats --hours=840', words: () => ['stats', '--hours=840', '--days=35'] },
  { name: 'top', words: () => ['top'] },
  { name: 'pass (a triplet)', words: (_, run) => ['pass', ...WAITING(run)] },
  {
    name: 'pass sender=@… (1,000)',
    words: (_, run) => ['pass', `sender=@domain${run % 250}.example.net`],
  },
  {
    name: 'forget (a triplet)',
    words: (_, run) => ['forget', ...WAITING(run)],
  },
  {
    name: 'forget client_address=…/16 (2,500)',
    words: (_, run) => ['forget', `client_address=10.${199 - (run % 199)}.0.0/16`],
  },
  { name: 'report (100,000 lines)', words: (site) => ['report', logOf(site)] },
  { name: 'import (100,000)', words: () => ['import', '-'], input: dumpOf, isLong: true },
  { name: 'export', words: () => ['export', '--format=postgrey', 'triplets'] },
  {
    name: 'copy',
    words: ({ redis }) => ['copy', `--to=${redis?.url}`],
    isLong: true,
    needsRedis: true,
  },
  { name: 'backup', words: ({ folder }, run) => ['backup', join(folder, `backup-${run}.db`)] },
  { name: 'check', words: () => ['check'] },
];

/** Commands that look neither for the options of a daemon nor for records. */
const WITHOUT_DBDIR = ['query', 'report'];

/** The command line of a form, all of it. */
export function wordsOf(form: Form, site: Site, run: number): readonly string[] {
  const [command = '', ...others] = form.words(site, run);
  return [command, ...(WITHOUT_DBDIR.includes(command) ? [] : [`--dbdir=${site.dbdir}`]), ...others];
}

/** A shared store that some greyd has used, without records. */
export async function startRedis(dir: string): Promise<Redis | undefined> {
  if (pathOf('redis-server') === undefined) return undefined;
  const redis = await Redis.start(dir);
  const daemon = spawn(process.execPath, [GREYD, `--store=${redis.url}`, `--dbdir=${dir}`, ...GREYD_OPTIONS]);
  for await (const text of daemon.stderr) if (/listening on/.test(String(text))) break;
  daemon.kill('SIGTERM');
  return redis;
}

/** Writes what commands read. */
export async function writeInputs(site: Site): Promise<void> {
  if (existsSync(dumpOf(site))) return;
  await write(dumpOf(site), 'VERSION=3\nformat=print\ntype=btree\nHEADER=END\n', dumpedPair, 'DATA=END\n');
  await write(logOf(site), '', logLine, '');
}

function dumpedPair(n: number): string {
  const last = Math.floor(Date.now() / 1000) - n;
  return ` 192.0.${n % 250}.0/sender${n}@example.com/box${n % 5000}@example.org\n ${last - 3600},${last}\n`;
}

function logLine(n: number): string {
  const time = new Date(Date.UTC(2026, 10, 26) + n * 500).toISOString().replace('Z', '+00:00');
  const client = `client_name=mail${n % 977}.example.com, client_address=192.0.${n % 250}.${n % 200}`;
  return `${time} mx1 greyd[4711]: action=greylist, reason=new, ${client}, sender=sender${n}@example.com, recipient=box${n % 5000}@example.org\n`;
}

async function write(path: string, head: string, part: (n: number) => string, tail: string): Promise<void> {
  const file = createWriteStream(path);
  file.write(head);
  for (let n = 0; n < INPUT_RECORDS; n += 1) file.write(part(n));
  await new Promise<void>((resolve) => file.end(tail, resolve));
}
