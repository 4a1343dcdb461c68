/**
 * greyctl import: imports the records of postgrey.
 *
 * Each record is merged into that of greyd by an atomic update of the store, so an import may run beside greyd, and
 * be repeated. A group of records is saved in one transaction; a pause after it lets greyd have its turn.
 */
import { resolve } from 'node:path';
import type { Key, NetworkLengths } from '../../greylist/keys.ts';
import type { RecordOf } from '../../greylist/records.ts';
import { LOOKUP_OPTIONS } from '../../options/of-daemon.ts';
import { networkLengthsOf } from '../../options/shared.ts';
import { textOf } from '../../policy/text.ts';
import { type DumpedPair, readDump } from '../../postgrey/dump.ts';
import { PostgreyEnvironment } from '../../postgrey/environment.ts';
import { FormSurvey, MAX_UNDECIDED } from '../../postgrey/key-form.ts';
import { isHash, kindOfKey, readPair } from '../../postgrey/records.ts';
import { isRoot } from '../../service/account.ts';
import { plainSandbox, rootSandbox } from '../../service/sandbox.ts';
import { makeWorkFolder } from '../../service/work-folder.ts';
import type { Store } from '../../store/store.ts';
import { type ExitStatus, makeCommand, type Work } from '../command.ts';
import { ImportReport } from '../import-report.ts';
import { mergeAll } from '../merge.ts';
import { becomeDatabaseAccount, openGivenShared, openRecords, RECORDS_OPTIONS } from '../records.ts';

/** Stands for standard input with the output of db_dump, in place of a directory. */
const FROM_STDIN = '-';

/** A dump of one database, and the kind of its records; undefined: each record shows its kind. */
interface Source {
  readonly kind: Key['kind'] | undefined;
  readonly dump: AsyncIterable<Buffer>;
}

export const importCommand = makeCommand(
  {
    name: 'greyctl import',
    summary: 'import the records of postgrey',
    usage: '[--dbdir=PATH | --store=URL] POSTGREY_DIR | -',
    description:
      'Imports the records of postgrey from its database directory, or from the output of db_dump on ' +
      'standard input. greyd and postgrey may run meanwhile. A record that both have is merged, so that no mail ' +
      'waits longer than before.\n\n' +
      'Examples:\n' +
      '  greyctl import /var/lib/postgrey\n' +
      '  ssh mx2 db_dump -p /var/lib/postgrey/postgrey.db | greyctl import -',
    options: [...RECORDS_OPTIONS, ...LOOKUP_OPTIONS],
    arguments: {
      positional: {
        expected: `one database directory of postgrey, as /var/lib/postgrey, or ${FROM_STDIN}`,
        isFile: true,
        count: [1, 1],
      },
    },
  },
  async (given, { values: [from = FROM_STDIN] }, surroundings) => {
    // The owner of the database may not be allowed to read the working directory.
    const dbdir = resolve(given.dbdir);
    const environment = from === FROM_STDIN ? undefined : PostgreyEnvironment.open(from);
    // Reads postgrey's files first, while root, which alone can start the account that may read nothing else.
    const taken = environment && isRoot() ? await dumpAsRoot(environment) : undefined;
    // Only root may be able to read the password of the store.
    let store = await openGivenShared({ ...given, dbdir }, surroundings);
    try {
      becomeDatabaseAccount(dbdir);
      const sources: readonly Source[] =
        environment === undefined
          ? [{ kind: undefined, dump: surroundings.input }]
          : (taken ?? (await environment.dumpIn(plainSandbox(makeWorkFolder(dbdir, 'import')))));
      store ??= openRecords(dbdir);
      return await importFrom(sources, store, networkLengthsOf(given), surroundings);
    } finally {
      await store?.close();
    }
  },
);

async function dumpAsRoot(environment: PostgreyEnvironment): Promise<readonly Source[]> {
  const sandbox = rootSandbox();
  try {
    return await environment.dumpIn(sandbox);
  } finally {
    sandbox.remove();
  }
}

async function importFrom(
  sources: readonly Source[],
  store: Store,
  lengths: NetworkLengths,
  { print, progress }: Work,
): Promise<ExitStatus> {
  const report = new ImportReport();
  const survey = new FormSurvey();
  const take = async (pairs: readonly PairOf[]): Promise<void> => {
    const records: [Key, RecordOf<Key>][] = [];
    for (const { pair, kind } of pairs) {
      const record = readPair(pair, kind, store.privacy, { form: survey.form, lengths });
      if ('reason' in record) report.skip(kind, record.reason, pair.key.toString());
      else records.push([record.key, record.record]);
    }
    await mergeAll(records, store, (kind, fate) => report.count(kind, fate));
    progress?.(`${report.read} records`);
  };
  let waiting: PairOf[] = [];
  const decide = async (): Promise<void> => {
    survey.settle();
    await take(waiting);
    waiting = [];
  };
  try {
    for (const { kind, dump } of sources) {
      for await (const pairs of readDump(dump)) {
        const open = pairs.map((pair) => ({ pair, kind })).filter((one) => isOpen(one, survey));
        const held = new Set(open.map(({ pair }) => pair));
        waiting.push(...open);
        await take(pairs.filter((pair) => !held.has(pair)).map((pair) => ({ pair, kind })));
        if (waiting.length > MAX_UNDECIDED) await decide();
      }
    }
  } finally {
    try {
      // The records before the point where a dump is cut off are kept.
      await decide();
    } finally {
      progress?.('');
      report.print(print);
      if (survey.remark !== undefined) print({ remark: survey.remark }, survey.remark);
    }
  }
  return report.isAllSkipped ? 1 : 0;
}

/** A pair, and the kind of its file; undefined: the pair shows its kind. */
interface PairOf {
  readonly pair: DumpedPair;
  readonly kind: Key['kind'] | undefined;
}

/** Shows the key to the survey. @returns whether it can be read in two ways, and must wait for the decision */
function isOpen({ pair, kind }: PairOf, survey: FormSurvey): boolean {
  const text = textOf(pair.key);
  if (isHash(text)) return false;
  const shown = kind ?? kindOfKey(text);
  survey.see(shown, text);
  return shown === 'triplet' && survey.isOpen(text);
}
