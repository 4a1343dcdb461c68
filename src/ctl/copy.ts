/**
 * greyctl copy: takes records over from one store into another, the database of one host into a shared
 * store, or back, or from one shared store to the next. Daemons may use both meanwhile: what they know is
 * merged, as by greyctl import, and the copy may be made as often as one likes.
 */
import { type OptionEntry, UsageError } from '../command-line.ts';
import type { RedisLocation } from '../store/redis/url.ts';
import type { Store } from '../store/store.ts';
import { makeCommand, type Work } from './command.ts';
import { becomeDatabaseAccount, openExistingRecords, openRecords } from './database.ts';
import { ImportReport } from './import-report.ts';
import { mergeAll } from './merge.ts';
import {
  type GivenRecords,
  openGivenShared,
  RECORDS_OPTIONS,
  requireReadableKeys,
  STORE_OPTION,
} from './records.ts';

interface Given extends Omit<GivenRecords, 'store'> {
  from?: RedisLocation;
  to?: RedisLocation;
}

function storeOption(flags: string, help: string): OptionEntry {
  return { ...STORE_OPTION, flags, help };
}

export const copyCommand = makeCommand<Given>(
  {
    name: 'greyctl copy',
    summary: 'take records over into a shared store, or from it',
    usage: '[--dbdir=PATH] --from=URL | --to=URL',
    description:
      'Copies all records from one shared store, or the database, to the other. greyd may run on both ' +
      'meanwhile. What both know is merged, so that nobody waits longer than before. A password is that of ' +
      'both, or stands in the URLs. Records of greyd --privacy cannot be read, and so not copied.\n\n' +
      'Examples:\n' +
      '  greyctl copy --to=redis://192.0.2.10\n' +
      '  greyctl copy --from=redis://192.0.2.10',
    words: [],
    options: [
      storeOption('--from <URL>', 'the shared store that is read, as --store of greyd'),
      storeOption('--to <URL>', 'the shared store that is written'),
      ...RECORDS_OPTIONS.filter((entry) => entry !== STORE_OPTION),
    ],
  },
  async ({ from, to, ...given }, words, surroundings) => {
    if (from === undefined && to === undefined) throw new UsageError('give --from=URL or --to=URL, or both');
    if (words.length > 0) throw new UsageError(`there is no use for ${words[0]}`);
    let source: Store | undefined;
    let target: Store | undefined;
    try {
      // First, as long as files of passwords can be read; then as the account of the database.
      source = await openGivenShared({ ...given, store: from }, surroundings);
      target = await openGivenShared({ ...given, store: to }, surroundings);
      if (target === undefined) becomeDatabaseAccount(given.dbdir);
      source ??= openExistingRecords(given.dbdir);
      target ??= openRecords(given.dbdir);
      requireReadableKeys(source);
      await copy(source, target, surroundings);
      return 0;
    } finally {
      await source?.close();
      await target?.close();
    }
  },
);

async function copy(source: Store, target: Store, { print, progress }: Work): Promise<void> {
  const report = new ImportReport();
  try {
    for (const kind of ['triplet', 'client'] as const) {
      for await (const entries of source.entries(kind)) {
        await mergeAll(entries, target, (kind, fate) => report.count(kind, fate));
        progress?.(`${report.read} records`);
      }
    }
  } finally {
    progress?.('');
    report.print(print);
  }
}
