/**
 * Opens the records of greyd, in its database or in a shared store, beside the daemons.
 */
import type { Lookup } from '../greylist/former-keys.ts';
import { hashOf, type Key } from '../greylist/keys.ts';
import { lifetimeOf } from '../greylist/records.ts';
import { DBDIR_OPTION, daemonOption } from '../options/of-daemon.ts';
import {
  type GivenLookup,
  type GivenSharedStore,
  networkLengthsOf,
  sharedStoreOf,
} from '../options/shared.ts';
import { inspectSharedStore, openSharedRecords, type SharedStoreSettings } from '../store/redis/open.ts';
import { openSqliteReader } from '../store/sqlite/reader.ts';
import type { ReadableStore, Store } from '../store/store.ts';
import { FormerReader, FormerStore } from '../store-thread/former-records.ts';
import type { ExitStatus, Surroundings } from './command.ts';
import { becomeDatabaseOwner, openRecords } from './database.ts';

/** --store, for a command that reads or changes records. */
export const STORE_OPTION = {
  ...daemonOption('--store'),
  help: 'shared store that greyd uses, see --store of greyd',
};

/** Options that say where the records are. */
export const RECORDS_OPTIONS = [
  DBDIR_OPTION,
  STORE_OPTION,
  daemonOption('--store-prefix'),
  daemonOption('--store-password-file'),
  daemonOption('--store-ca-file'),
];

export interface GivenRecords
  extends Omit<GivenSharedStore, 'storeReplicas' | 'storeTimeout'>,
    Pick<GivenLookup, 'lookupByHost'> {
  dbdir: string;
}

type Around = Pick<Surroundings, 'storePassword' | 'uptime'>;

/** Seconds; longer than that of the daemon, as no mail waits for greyctl. */
const STORE_TIMEOUT = 10;

/**
 * Opens existing records to read them, calls `use`, and closes them. The process changes to the account that the
 * database belongs to.
 * @throws (rejects) if there are none, or they cannot be reached; or the error of `use`
 */
export async function withRecords<Given extends GivenRecords>(
  given: Given,
  around: Around,
  use: (store: ReadableStore) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  return used(
    given,
    around,
    (store) => use(formerOf(store, given, FormerReader)),
    () => openSqliteReader(given.dbdir, hashBy(given)),
  );
}

/** Opens existing records to change them, calls `use`, and closes them, as `withRecords`. */
export async function withWritableRecords(
  given: GivenRecords,
  around: Around,
  use: (store: Store) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  return used(
    given,
    around,
    (store) => use(formerOf(store, given, FormerStore)),
    () => openRecords(given.dbdir, hashBy(given)),
  );
}

/** Has records of an older postgrey found with --privacy, as the daemon finds them. */
function formerOf<Opened extends ReadableStore>(
  store: Opened,
  given: GivenRecords | (GivenRecords & GivenLookup),
  Former: new (store: Opened, lookup: Lookup) => Opened,
): Opened {
  if (!store.privacy || !('ipv4cidr' in given)) return store;
  return new Former(store, { byHost: given.lookupByHost ?? false, lengths: networkLengthsOf(given) });
}

async function used<Opened extends ReadableStore>(
  given: GivenRecords,
  around: Around,
  use: (store: Opened | Store) => Promise<ExitStatus>,
  openDatabase: () => Opened,
): Promise<ExitStatus> {
  let store: Opened | Store | undefined = await openGivenShared(given, around);
  if (store === undefined) {
    becomeDatabaseOwner(given.dbdir);
    store = openDatabase();
  }
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** @throws if greyd runs with --privacy: the keys of its records cannot be read then */
export function requireReadableKeys({ privacy }: Pick<ReadableStore, 'privacy'>): void {
  if (privacy) throw new Error('greyd runs with --privacy: addresses cannot be read from its records');
}

/**
 * Opens the records, if they are in a shared store.
 * @throws (rejects) if it cannot be reached, or no greyd has used it yet
 */
export async function openGivenShared(given: GivenRecords, around: Around): Promise<Store | undefined> {
  const settings = settingsOf(given, around);
  return settings && openSharedRecords(settings, partsOf(given, around));
}

/**
 * Returns the faults of the shared store, if the records are in one.
 * @throws (rejects) as `openGivenShared`
 */
export async function sharedFindings(given: GivenRecords, around: Around): Promise<string[] | undefined> {
  const settings = settingsOf(given, around);
  return settings && inspectSharedStore(settings, partsOf(given, around));
}

function settingsOf(given: GivenRecords, { storePassword }: Around): SharedStoreSettings | undefined {
  return sharedStoreOf({ ...given, storeReplicas: 0, storeTimeout: STORE_TIMEOUT }, storePassword);
}

function partsOf(given: GivenRecords, { uptime }: Around): Parameters<typeof openSharedRecords>[1] {
  return { dbdir: given.dbdir, hash: hashBy(given), lifetimeOf, uptime };
}

/** Returns the hash function for --privacy, which depends on --lookup-by-host. */
function hashBy({ lookupByHost }: GivenRecords): (key: Key) => string {
  return (key) => hashOf(key, lookupByHost ?? false);
}
