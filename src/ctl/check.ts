/**
 * greyctl check: whether the database is sound, and nobody else's to read, or a shared store can be relied on. It
 * only reads, and greyd may run meanwhile.
 */
import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../command-line.ts';
import { printable } from '../log/printable.ts';
import type { Account } from '../service/account.ts';
import { inspectDatabase } from '../store/sqlite/maintenance.ts';
import { makeCommand } from './command.ts';
import { becomeDatabaseOwner } from './database.ts';
import { type GivenRecords, RECORDS_OPTIONS, sharedFindings } from './records.ts';

/** Files that hold records, or what makes them readable. */
const PRIVATE_FILES = ['greyd.db', 'greyd.db-wal', 'greyd.db-shm', 'greyd.secret'];

export const checkCommand = makeCommand<GivenRecords>(
  {
    name: 'greyctl check',
    summary: 'look whether the database is sound',
    usage: '[--dbdir=PATH | --store=URL]',
    description:
      'Reads the whole database and prints what is wrong with it, a line each, or ok and the number of records. ' +
      'Of a shared store, looks whether it can be used and keeps what is stored in it. ' +
      'greyd may run meanwhile, and is not held up. Exit status 0: sound; 1: not, or it cannot be read.',
    words: [],
    options: RECORDS_OPTIONS,
  },
  async (given, words, around) => {
    const { print, tell, progress } = around;
    if (words.length > 0) throw new UsageError('name nothing but options, see greyctl check --help');
    const shared = await sharedFindings(given, around);
    if (shared !== undefined) {
      for (const finding of shared) print({ finding }, finding);
      if (shared.length === 0) print({ ok: true }, 'ok: the shared store can be used');
      return shared.length === 0 ? 0 : 1;
    }
    const dbdir = resolve(given.dbdir);
    const { path, account } = becomeDatabaseOwner(dbdir);
    const exposed = PRIVATE_FILES.flatMap((name) => findExposure(`${dbdir}/${name}`, account));
    for (const finding of exposed) print({ finding }, finding);
    progress?.('reading all of it');
    const { damage, counts } = inspectDatabase(path);
    progress?.('');
    for (const one of damage) {
      const finding = `damaged: ${printable(one)}`;
      print({ finding }, finding);
    }
    if (damage.length > 0)
      tell('put a backup in its place, see README.md; greyd sets aside what it cannot read');
    if (exposed.length > 0 || damage.length > 0 || counts === undefined) return 1;
    print({ ok: true, ...counts }, `ok: ${counts.triplets} triplets, ${counts.clients} clients`);
    return 0;
  },
);

/** @param account whose it has to be; undefined: only root can tell */
function findExposure(path: string, account: Account | undefined): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  const findings: string[] = [];
  const mode = stat.mode & 0o777;
  if ((mode & 0o077) !== 0)
    findings.push(`${path} has mode ${mode.toString(8)}, others have access: chmod 600 ${path}`);
  if (account !== undefined && stat.uid !== account.uid) {
    const owner = account.name ?? account.uid;
    findings.push(`${path} belongs to user ${stat.uid}, greyd cannot use it: chown ${owner}: ${path}`);
  }
  return findings;
}
