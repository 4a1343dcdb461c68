/**
 * greyctl copy: copies records from one store to another: from the database of a host to a shared store, or back,
 * or between shared stores. Daemons may use both meanwhile: records are merged, as by greyctl import, so a copy
 * may be repeated.
 */
import { UsageError } from '../../options/command-line.ts';
import { DBDIR_OPTION } from '../../options/of-daemon.ts';
import type { Store } from '../../store/store.ts';
import { makeCommand, type Work } from '../command.ts';
import { ImportReport } from '../import-report.ts';
import { mergeAll } from '../merge.ts';
import {
  becomeDatabaseAccount,
  openExistingRecords,
  openGivenShared,
  openRecords,
  requireReadableKeys,
  SHARED_STORE_OPTIONS,
  STORE_OPTION,
} from '../records.ts';

function storeOption<const Flags extends string>(
  flags: Flags,
  help: string,
): Omit<typeof STORE_OPTION, 'flags'> & { flags: Flags } {
  return { ...STORE_OPTION, flags, help };
}

export const copyCommand = makeCommand(
  {
    name: 'greyctl copy',
    summary: 'copy records to or from a shared store',
    usage: '[--dbdir=PATH] --from=URL | --to=URL',
    description:
      'Copies all records from one shared store, or from the database, to the other. greyd may run on both ' +
      'meanwhile. A record that both have is merged, so that no mail waits longer than before. One password is ' +
      'used for both, unless the URLs have their own. Records of greyd --privacy cannot be read, so they cannot ' +
      'be copied.\n\n' +
      'Examples:\n' +
      '  greyctl copy --to=redis://192.0.2.10\n' +
      '  greyctl copy --from=redis://192.0.2.10',
    arguments: {},
    options: [
      storeOption('--from <URL>', 'shared store to read from, as --store of greyd'),
      storeOption('--to <URL>', 'shared store to write to'),
      DBDIR_OPTION,
      ...SHARED_STORE_OPTIONS,
    ],
  },
  async ({ from, to, ...given }, _, surroundings) => {
    if (from === undefined && to === undefined)
      throw new UsageError('missing --from=URL or --to=URL, or both');
    let source: Store | undefined;
    let target: Store | undefined;
    try {
      // The password files may be readable only before the change to the account of the database.
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
