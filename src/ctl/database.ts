/**
 * The records of greyd, opened beside the daemon.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf } from '../greylist/keys.ts';
import { becomeAccount, claimDatabase } from '../service/account.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import type { Store } from '../store/store.ts';

/**
 * Opens the database, as it is or newly made, private or not as the daemon last had it. A private
 * one is to be asked with hashed keys only: whether the daemon's hold a mask is not known here.
 */
export function openRecords(dbdir: string): Store {
  return openSqliteStore(dbdir, { privacy: undefined, hash: (key) => hashOf(key, false) });
}

/**
 * The same, as the account that the database belongs to.
 * @throws if there is none
 */
export function openExistingRecords(dbdir: string): Store {
  if (!existsSync(join(dbdir, 'greyd.db')))
    throw new Error(`there is no database in ${dbdir} that may be read from here, see --dbdir`);
  becomeAccount(claimDatabase(dbdir));
  return openRecords(dbdir);
}
