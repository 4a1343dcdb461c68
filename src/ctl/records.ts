/**
 * The records of greyd, in its database or in a shared store, opened beside the daemons.
 */
import { hashOf } from '../greylist/keys.ts';
import { lifetimeOf } from '../greylist/records.ts';
import { DEFAULT_LIFETIMES } from '../option-table.ts';
import { type GivenSharedStore, sharedStoreOf } from '../shared-store-options.ts';
import { openSharedRecords } from '../store/shared-store.ts';
import type { Store } from '../store/store.ts';
import { openExistingRecords } from './database.ts';
import { DBDIR_OPTION, daemonOption } from './options.ts';

/** Where the records are. */
export const RECORDS_OPTIONS = [
  DBDIR_OPTION,
  daemonOption('--store'),
  daemonOption('--store-prefix'),
  daemonOption('--store-password-file'),
  daemonOption('--store-ca-file'),
];

export type GivenRecords = Omit<GivenSharedStore, 'storeReplicas' | 'storeTimeout'> & { dbdir: string };

/** Nobody waits for a mail behind greyctl; in seconds. */
const STORE_TIMEOUT = 60;

/**
 * Opens the records that are there.
 * @param storePassword from the environment
 * @throws (rejects) if there are none, or they cannot be reached
 */
export async function openGivenRecords(
  given: GivenRecords,
  storePassword: string | undefined,
): Promise<Store> {
  return (await openGivenShared(given, storePassword)) ?? openExistingRecords(given.dbdir);
}

/** The same, if they are in a shared store. */
export async function openGivenShared(
  given: GivenRecords,
  storePassword: string | undefined,
): Promise<Store | undefined> {
  const { dbdir } = given;
  const settings = sharedStoreOf({ ...given, storeReplicas: 0, storeTimeout: STORE_TIMEOUT }, storePassword);
  if (settings === undefined) return undefined;
  return openSharedRecords(settings, {
    dbdir,
    lifetimes: DEFAULT_LIFETIMES,
    hash: (key) => hashOf(key, false),
    lifetimeOf,
    uptime: () => performance.now(),
  });
}
