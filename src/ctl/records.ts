/**
 * The records of greyd, in its database or in a shared store, opened beside the daemons.
 */
import { hashOf } from '../greylist/keys.ts';
import { lifetimeOf } from '../greylist/records.ts';
import { DEFAULT_LIFETIMES } from '../option-table.ts';
import { type GivenSharedStore, sharedStoreOf } from '../shared-store-options.ts';
import { openSharedRecords } from '../store/shared-store.ts';
import type { Store } from '../store/store.ts';
import type { Surroundings } from './command.ts';
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

type Around = Pick<Surroundings, 'storePassword' | 'uptime'>;

/** Nobody waits for a mail behind greyctl; in seconds. */
const STORE_TIMEOUT = 60;

/**
 * Opens the records that are there.
 * @throws (rejects) if there are none, or they cannot be reached
 */
export async function openGivenRecords(given: GivenRecords, around: Around): Promise<Store> {
  return (await openGivenShared(given, around)) ?? openExistingRecords(given.dbdir);
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
    lifetimes: DEFAULT_LIFETIMES,
    hash: (key) => hashOf(key, false),
    lifetimeOf,
    uptime: around.uptime,
  });
}
