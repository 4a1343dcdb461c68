/**
 * The records of greyd, in its database or in a shared store, opened beside the daemons.
 */
import { hashOf } from '../greylist/keys.ts';
import { lifetimeOf } from '../greylist/records.ts';
import { type GivenSharedStore, sharedStoreOf } from '../shared-store-options.ts';
import { openSharedRecords } from '../store/shared-store.ts';
import type { Store } from '../store/store.ts';
import type { ExitStatus, Surroundings } from './command.ts';
import { openExistingRecords } from './database.ts';
import { DBDIR_OPTION, daemonOption } from './options.ts';

/** The shared store that they are in. */
export const STORE_OPTION = {
  ...daemonOption('--store'),
  help: 'the shared store that greyd uses, see its --store',
};

/** Where the records are. */
export const RECORDS_OPTIONS = [
  DBDIR_OPTION,
  STORE_OPTION,
  daemonOption('--store-prefix'),
  daemonOption('--store-password-file'),
  daemonOption('--store-ca-file'),
];

export type GivenRecords = Omit<GivenSharedStore, 'storeReplicas' | 'storeTimeout'> & { dbdir: string };

type Around = Pick<Surroundings, 'storePassword' | 'uptime'>;

/** Nobody waits for a mail behind greyctl; in seconds. */
const STORE_TIMEOUT = 10;

/**
 * Opens the records that are there, has them used, and closes them.
 * @throws (rejects) if there are none, or they cannot be reached, or greyd runs with --privacy: then their
 *   keys cannot be read; or what `use` throws
 */
export async function withReadableRecords(
  given: GivenRecords,
  around: Around,
  use: (store: Store) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const store = (await openGivenShared(given, around)) ?? openExistingRecords(given.dbdir);
  try {
    if (store.privacy) throw unreadable();
    return await use(store);
  } finally {
    await store.close();
  }
}

export function unreadable(): Error {
  return new Error('greyd runs with --privacy: what it stored cannot be turned back into addresses');
}

/**
 * Opens the records, if they are in a shared store.
 * @throws (rejects) if it cannot be reached, or no greyd has used it yet
 */
export async function openGivenShared(given: GivenRecords, around: Around): Promise<Store | undefined> {
  const { dbdir } = given;
  const settings = sharedStoreOf(
    { ...given, storeReplicas: 0, storeTimeout: STORE_TIMEOUT },
    around.storePassword,
  );
  if (settings === undefined) return undefined;
  return openSharedRecords(settings, {
    dbdir,
    hash: (key) => hashOf(key, false),
    lifetimeOf,
    uptime: around.uptime,
  });
}
