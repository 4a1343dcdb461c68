/**
 * Lets time pass without waiting for it: all that greyd remembers of triplets is moved into the past,
 * in its own database while it runs, as an administrator might with the sqlite3 shell.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';

export function letTimePass(dbdir: string, seconds: number): void {
  const file = new Database(join(dbdir, 'greyd.db'), { fileMustExist: true });
  try {
    file
      .prepare('UPDATE triplets SET first_seen = first_seen - :seconds, last_seen = last_seen - :seconds')
      .run({ seconds });
  } finally {
    file.close();
  }
}
