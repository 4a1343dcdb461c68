/**
 * Opens the database of greyd beside the daemon.
 */
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { hashOf, type Key } from '../greylist/keys.ts';
import { type Account, becomeAccount, claimDatabase, currentOwner } from '../service/account.ts';
import { openSqliteStore } from '../store/sqlite/store.ts';
import type { Store } from '../store/store.ts';

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
