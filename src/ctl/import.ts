/**
 * greyctl import: takes over the records of postgrey.
 *
 * Each record is merged into what greyd knows already, by the store's own update: while greyd runs,
 * as often as one likes. What arrives together (64 KiB of the dump, some 800 records) is saved in one
 * transaction, and then comes a pause in which greyd has its turn.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../command-line.ts';
import type { Key } from '../greylist/keys.ts';
import { mergeRecords } from '../greylist/records.ts';
import { becomeAccount, databaseAccount } from '../service/account.ts';
import type { Store } from '../store/store.ts';
import { type ExitStatus, makeCommand, type Surroundings } from './command.ts';
import { openRecords } from './database.ts';
import { type Fate, ImportReport } from './import-report.ts';
import { DBDIR_OPTION } from './options.ts';
import { readDump } from './postgrey-dump.ts';
import { EnvironmentCopy, POSTGREY_FILES } from './postgrey-environment.ts';
import { type PostgreyRecord, readPair } from './postgrey-records.ts';

/** After each group of records, in milliseconds; a group takes about as long. */
const PAUSE_MS = 5;

/** In place of a directory: db_dump's output is read from standard input. */
const STDIN = '-';

interface Given {
  dbdir: string;
}

/** Pairs of one database, and what they are; undefined: it shows in the pairs. */
interface Source {
  readonly kind: Key['kind'] | undefined;
  readonly dump: AsyncIterable<Buffer>;
}

export const importCommand = makeCommand<Given>(
  {
    name: 'greyctl import',
    summary: 'take over the records of postgrey',
    usage: '[--dbdir=PATH] POSTGREY_DIR | -',
    description:
      'Takes over the records of postgrey from its database directory, or from the output of db_dump on ' +
      'standard input. greyd and postgrey may run meanwhile. What both know is merged, so that nobody waits ' +
      'longer than before.\n\n' +
      'Examples:\n' +
      '  greyctl import /var/lib/postgrey\n' +
      '  ssh mx2 db_dump -p /var/lib/postgrey/postgrey.db | greyctl import -',
    options: [DBDIR_OPTION],
  },
  async ({ dbdir }, [source, ...others], surroundings) => {
    if (source === undefined || others.length > 0) {
      throw new UsageError(
        `name one database directory of postgrey, for example /var/lib/postgrey, or ${STDIN}`,
      );
    }
    const account = databaseAccount(dbdir);
    const copy = source === STDIN ? undefined : EnvironmentCopy.make(source, dbdir, account);
    surroundings.onExit(() => copy?.remove());
    becomeAccount(account);
    await copy?.recover();
    const sources: Source[] =
      copy === undefined ? [{ kind: undefined, dump: surroundings.input }] : filesOf(copy);
    return importFrom(sources, dbdir, surroundings);
  },
);

function filesOf(copy: EnvironmentCopy): Source[] {
  return POSTGREY_FILES.flatMap(([kind, name]) => {
    const dump = copy.dump(name);
    return dump === undefined ? [] : [{ kind, dump }];
  });
}

async function importFrom(
  sources: readonly Source[],
  dbdir: string,
  { output, progress }: Surroundings,
): Promise<ExitStatus> {
  const store = openRecords(dbdir);
  const report = new ImportReport();
  try {
    for (const { kind, dump } of sources) {
      for await (const pairs of readDump(dump)) {
        const records: PostgreyRecord[] = [];
        for (const pair of pairs) {
          const record = readPair(pair, kind, store.privacy);
          if ('reason' in record) report.skip(kind, record.reason, pair.key.toString());
          else records.push(record);
        }
        const fates = await Promise.all(records.map((record) => merge(record, store)));
        for (const [index, fate] of fates.entries()) report.count(records[index]?.key.kind, fate);
        progress?.(`${report.read} records`);
        await pause(PAUSE_MS);
      }
    }
  } finally {
    await store.close();
    progress?.('');
    if (report.read > 0) for (const line of report.lines()) output.write(`${line}\n`);
  }
  return report.skipped > 0 && report.skipped === report.read ? 1 : 0;
}

function merge({ key, record }: PostgreyRecord, store: Store): Promise<Fate> {
  return store.update([key], ([known]) => {
    if (known === undefined) return { save: [record], result: 'new' };
    const merged = mergeRecords(known, record);
    return isDeepStrictEqual(merged, known)
      ? { save: [undefined], result: 'known' }
      : { save: [merged], result: 'merged' };
  });
}
