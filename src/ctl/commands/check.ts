/**
 * greyctl check: checks the database for damage and for access by others, or the settings of a shared store.
 * It only reads; greyd may run meanwhile.
 */
import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { counted } from '../../inspect/format/counted.ts';
import { printable } from '../../log/printable.ts';
import type { Account } from '../../service/account.ts';
import { inspectDatabase } from '../../store/sqlite/maintenance.ts';
import { makeCommand } from '../command.ts';
import { becomeDatabaseOwner, RECORDS_OPTIONS, sharedFindings } from '../records.ts';

/** Files that hold records, or the secret of --privacy. */
const PRIVATE_FILES = ['greyd.db', 'greyd.db-wal', 'greyd.db-shm', 'greyd.secret'];

export const checkCommand = makeCommand(
  {
    name: 'greyctl check',
    summary: 'check the database for damage',
    usage: '[--dbdir=PATH | --store=URL]',
    description:
      'Reads the whole database and prints each fault on a line, or ok and the number of records. ' +
      'For a shared store, checks whether greyd can use it and whether it keeps what is stored. ' +
      'greyd may run meanwhile, and is not slowed down. Exit status 0: no fault; 1: faults, or it cannot be read.',
    arguments: {},
    options: RECORDS_OPTIONS,
  },
  async (given, _, around) => {
    const { print, tell, progress } = around;
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
    progress?.('reading the database');
    const { damage, counts } = inspectDatabase(path);
    progress?.('');
    for (const one of damage) {
      const finding = `damaged: ${printable(one)}`;
      print({ finding }, finding);
    }
    if (damage.length > 0)
      tell(
        'restore a backup, see /usr/share/doc/greyd/docs/backup.md; greyd sets aside a database that it cannot read',
      );
    if (exposed.length > 0 || damage.length > 0 || counts === undefined) return 1;
    print(
      { ok: true, ...counts },
      `ok: ${counted(counts.triplets, 'triplet')}, ${counted(counts.clients, 'client')}`,
    );
    return 0;
  },
);

/** @param account that must own the file; undefined: only root can check that */
function findExposure(path: string, account: Account | undefined): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  const findings: string[] = [];
  const mode = stat.mode & 0o777;
  if ((mode & 0o077) !== 0)
    findings.push(`${path} has mode ${mode.toString(8)}, so others have access: chmod 600 ${path}`);
  if (account !== undefined && stat.uid !== account.uid) {
    const owner = account.name ?? account.uid;
    findings.push(`${path} belongs to user ${stat.uid}, so greyd cannot use it: chown ${owner}: ${path}`);
  }
  return findings;
}
