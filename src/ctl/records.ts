/**
 * Opens the records of greyd, in its database or in a shared store, beside the daemons.
 */
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Lookup } from '../greylist/former-keys.ts';
import { hashOf, type Key } from '../greylist/keys.ts';
import { lifetimeOf } from '../greylist/records.ts';
import type { GivenOf } from '../options/given.ts';
import { DBDIR_OPTION, daemonOption } from '../options/of-daemon.ts';
import { type GivenLookup, networkLengthsOf, sharedStoreOf } from '../options/shared.ts';
import { type Account, becomeAccount, claimDatabase, currentOwner } from '../service/account.ts';
import { inspectSharedStore, openSharedRecords, type SharedStoreSettings } from '../store/redis/open.ts';
import { openSqliteReader } from '../store/sqlite/reader.ts';
import { openSqliteStore } from '../store/sqlite/store.ts';
import type { ReadableStore, Store } from '../store/store.ts';
import { FormerReader, FormerStore } from '../store-thread/former-records.ts';
import type { ExitStatus, Surroundings } from './command.ts';

/** --store, for a command that reads or changes records. */
export const STORE_OPTION = {
  ...daemonOption('--store'),
  help: 'shared store that greyd uses, see --store of greyd',
};

/** Options of a shared store, whichever names it. */
export const SHARED_STORE_OPTIONS = [
  daemonOption('--store-prefix'),
  daemonOption('--store-password-file'),
  daemonOption('--store-ca-file'),
] as const;

/** Options that say where the records are. */
export const RECORDS_OPTIONS = [DBDIR_OPTION, STORE_OPTION, ...SHARED_STORE_OPTIONS] as const;

export type GivenRecords = GivenOf<typeof RECORDS_OPTIONS> & Partial<Pick<GivenLookup, 'lookupByHost'>>;

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
  return settings && openSharedRecords(settings, storePartsOf(given, around));
}

/**
 * Returns the faults of the shared store, if the records are in one.
 * @throws (rejects) as `openGivenShared`
 */
export async function sharedFindings(given: GivenRecords, around: Around): Promise<string[] | undefined> {
  const settings = settingsOf(given, around);
  return settings && inspectSharedStore(settings, storePartsOf(given, around));
}

function settingsOf(given: GivenRecords, { storePassword }: Around): SharedStoreSettings | undefined {
  return sharedStoreOf({ ...given, storeReplicas: 0, storeTimeout: STORE_TIMEOUT }, storePassword);
}

function storePartsOf(given: GivenRecords, { uptime }: Around): Parameters<typeof openSharedRecords>[1] {
  return { dbdir: given.dbdir, hash: hashBy(given), lifetimeOf, uptime };
}

/** Returns the hash function for --privacy, which depends on --lookup-by-host. */
function hashBy({ lookupByHost }: GivenRecords): (key: Key) => string {
  return (key) => hashOf(key, lookupByHost ?? false);
}

/**
 * Opens the database, or makes one; with --privacy if the daemon last had it.
 * @param hash returns the hash of a key, as the daemon makes it; by default without --lookup-by-host
 */
export function openRecords(dbdir: string, hash = (key: Key) => hashOf(key, false)): Store {
  return openSqliteStore(dbdir, { privacy: undefined, hash });
}

/**
 * Opens the database as the account that it belongs to.
 * @throws if there is no database
 */
export function openExistingRecords(dbdir: string): Store {
  becomeDatabaseOwner(dbdir);
  return openRecords(dbdir);
}

/** Changes to the account that the database belongs to, or will belong to. */
export function becomeDatabaseAccount(dbdir: string): void {
  becomeAccount(claimDatabase(dbdir));
}

/**
 * Changes to the account that the database belongs to.
 * @returns the path of the database, and that account; undefined: not root, so the process keeps its account
 * @throws if there is no database, or this user cannot read it
 */
export function becomeDatabaseOwner(dbdir: string): { path: string; account: Account | undefined } {
  const path = join(dbdir, 'greyd.db');
  requireDatabase(path, dbdir);
  const account = claimDatabase(dbdir);
  becomeAccount(account);
  return { path, account };
}

function requireDatabase(path: string, dbdir: string): void {
  try {
    statSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES')
      throw new Error(`cannot read the database in ${dbdir} as user ${userName()}: use sudo`);
    throw new Error(`there is no database in ${dbdir}, see --dbdir`);
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // An account that is a number alone.
    return String(currentOwner().uid);
  }
}

const KINDS: Readonly<Record<string, Key['kind']>> = { triplets: 'triplet', clients: 'client' };

/** Names of the kinds of records on the command line. */
export const KIND_WORDS = Object.keys(KINDS);

/** @param word one of KIND_WORDS; without it triplets are meant */
export function kindOf(word = 'triplets'): Key['kind'] {
  return KINDS[word] ?? 'triplet';
}
