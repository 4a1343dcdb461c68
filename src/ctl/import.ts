/**
 * greyctl import: takes over the records of postgrey.
 *
 * Each record is merged into what greyd knows already, by the store's own update: while greyd runs,
 * as often as one likes; a group of them is saved in one transaction, and then comes a pause in which greyd
 * has its turn.
 */
import { resolve } from 'node:path';
import { UsageError } from '../command-line.ts';
import type { Key } from '../greylist/keys.ts';
import type { RecordOf } from '../greylist/records.ts';
import { makeWorkFolder } from '../service/work-folder.ts';
import type { Store } from '../store/store.ts';
import { type ExitStatus, makeCommand, type Work } from './command.ts';
import { becomeDatabaseAccount, openRecords } from './database.ts';
import { ImportReport } from './import-report.ts';
import { mergeAll } from './merge.ts';
import { readDump } from './postgrey-dump.ts';
import { PostgreyEnvironment } from './postgrey-environment.ts';
import { readPair } from './postgrey-records.ts';
import { type GivenRecords, openGivenShared, RECORDS_OPTIONS } from './records.ts';

/** In place of a directory: db_dump's output is read from standard input. */
const STDIN = '-';

/** A dump of one database, and of what; undefined: it shows in its records. */
interface Source {
  readonly kind: Key['kind'] | undefined;
  readonly dump: AsyncIterable<Buffer>;
}

export const importCommand = makeCommand<GivenRecords>(
  {
    name: 'greyctl import',
    summary: 'take over the records of postgrey',
    usage: '[--dbdir=PATH | --store=URL] POSTGREY_DIR | -',
    description:
      'Takes over the records of postgrey from its database directory, or from the output of db_dump on ' +
      'standard input. greyd and postgrey may run meanwhile. What both know is merged, so that nobody waits ' +
      'longer than before.\n\n' +
      'Examples:\n' +
      '  greyctl import /var/lib/postgrey\n' +
      '  ssh mx2 db_dump -p /var/lib/postgrey/postgrey.db | greyctl import -',
    options: RECORDS_OPTIONS,
  },
  async (given, [from, ...others], surroundings) => {
    if (from === undefined || others.length > 0) {
      throw new UsageError(
        `name one database directory of postgrey, for example /var/lib/postgrey, or ${STDIN}`,
      );
    }
    // Whom it belongs to may not be allowed to look for it from here.
    const dbdir = resolve(given.dbdir);
    const environment = from === STDIN ? undefined : PostgreyEnvironment.open(from);
    // Its password may be for root alone; the files of postgrey are read by an account that can do less.
    let store = await openGivenShared({ ...given, dbdir }, surroundings);
    try {
      becomeDatabaseAccount(dbdir);
      const sources: readonly Source[] =
        environment === undefined
          ? [{ kind: undefined, dump: surroundings.input }]
          : await environment.copyTo(makeWorkFolder(dbdir, 'import'));
      store ??= openRecords(dbdir);
      return await importFrom(sources, store, surroundings);
    } finally {
      await store?.close();
    }
  },
);

async function importFrom(
  sources: readonly Source[],
  store: Store,
  { print, progress }: Work,
): Promise<ExitStatus> {
  const report = new ImportReport();
  try {
    for (const { kind, dump } of sources) {
      for await (const pairs of readDump(dump)) {
        const records: [Key, RecordOf<Key>][] = [];
        for (const pair of pairs) {
          const record = readPair(pair, kind, store.privacy);
          if ('reason' in record) report.skip(kind, record.reason, pair.key.toString());
          else records.push([record.key, record.record]);
        }
        await mergeAll(records, store, (kind, fate) => report.count(kind, fate));
        progress?.(`${report.read} records`);
      }
    }
  } finally {
    progress?.('');
    report.print(print);
  }
  return report.isAllSkipped ? 1 : 0;
}
