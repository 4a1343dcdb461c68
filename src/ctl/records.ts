/**
 * The records of greyd, in its database or in a shared store, opened beside the daemons.
 */
import { hashOf } from '../greylist/keys.ts';
import { lifetimeOf } from '../greylist/records.ts';
import { type GivenSharedStore, sharedStoreOf } from '../shared-store-options.ts';
import { openSharedRecords } from '../store/shared-store.ts';
import type { Store } from '../store/store.ts';
import type { Surroundings } from './command.ts';
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
 * Opens the records that are there.
 * @throws (rejects) if there are none, or they cannot be reached
 */
export async function openGivenRecords(given: GivenRecords, around: Around): Promise<Store> {
  return (await openGivenShared(given, around)) ?? openExistingRecords(given.dbdir);
}

/**
 * Opens the records that are there, of which the keys can be read.
 * @throws (rejects) as above; and if greyd runs with --privacy
 */
export async function openReadableRecords(given: GivenRecords, around: Around): Promise<Store> {
  const store = await openGivenRecords(given, around);
  if (!store.privacy) return store;
  await store.close();
  throw unreadable();
}

export function unreadable(): Error {
  return new Error('greyd runs with --privacy: what it stored cannot be turned back into addresses');
}

/** The same, if they are in a shared store. */
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
