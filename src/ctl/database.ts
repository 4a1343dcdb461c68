/**
 * The records of greyd, opened beside the daemon.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, type Key } from '../greylist/keys.ts';
import { type Account, becomeAccount, claimDatabase } from '../service/account.ts';
import { openSqliteStore } from '../store/sqlite/store.ts';
import type { Store } from '../store/store.ts';

/**
 * Opens the database, as it is or newly made, private or not as the daemon last had it.
 * @param hash of a key, as the daemon makes it; by default without --lookup-by-host
 */
export function openRecords(dbdir: string, hash = (key: Key) => hashOf(key, false)): Store {
  return openSqliteStore(dbdir, { privacy: undefined, hash });
}

/**
 * The same, as the account that the database belongs to.
 * @throws if there is none
 */
export function openExistingRecords(dbdir: string): Store {
  becomeDatabaseOwner(dbdir);
  return openRecords(dbdir);
}

/** Becomes the account that the database belongs to, or will belong to once it is made. */
export function becomeDatabaseAccount(dbdir: string): void {
  becomeAccount(claimDatabase(dbdir));
}

/**
 * Becomes the account that the database belongs to.
 * @returns the path of the database, and this account; undefined: the process was not root, and stays who it is
 * @throws if there is no database
 */
export function becomeDatabaseOwner(dbdir: string): { path: string; account: Account | undefined } {
  const path = join(dbdir, 'greyd.db');
  if (!existsSync(path))
    throw new Error(`there is no database in ${dbdir} that may be read from here, see --dbdir`);
  const account = claimDatabase(dbdir);
  becomeAccount(account);
  return { path, account };
}
