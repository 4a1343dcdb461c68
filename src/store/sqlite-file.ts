/**
 * greyd.db for SQLite: the ways to open it, what is done with its log, and what its errors mean.
 *
 * Other processes (the sqlite3 shell, a backup) may use the file at the same time.
 *
 * Known limit: greyd.db-shm is mapped into memory. Whoever cuts it short under a running program ends
 * that with SIGBUS, which nothing here can catch. It holds no records; a new start finds all of them.
 */
import Database from 'better-sqlite3';
import { FileHarmedError } from './file-identity.ts';
import { MIGRATIONS } from './sqlite-schema.ts';

/** How long opening, and what is done at once after it, waits for another process to let go of its lock. */
export const OPEN_TIMEOUT_MS = 5000;

export type SqliteFile = Database.Database;

/**
 * Opens a file as it is, only to read it, while others may write.
 * @param timeoutMs how long each step waits for another process to let go of its lock, in milliseconds
 * @throws if it cannot be opened; that it is no database shows when it is read
 */
export function openSqliteFileToRead(path: string, timeoutMs = OPEN_TIMEOUT_MS): SqliteFile {
  return new Database(path, { readonly: true, fileMustExist: true, timeout: timeoutMs });
}

/** An empty database, in memory. */
export function openEmptySqliteFile(): SqliteFile {
  return new Database(':memory:');
}

/**
 * Opens a file to use it, creates it if there is none.
 * @param timeoutMs how long each step waits for another process to let go of its lock, in milliseconds
 * @throws SQLite's error
 */
export function openSqliteFileToUse(path: string, timeoutMs: number): SqliteFile {
  return new Database(path, { timeout: timeoutMs });
}

/** Opens what `readSqliteImage` has read, in memory. @throws SQLite's error if there is no memory for it */
export function openSqliteImage(image: Buffer): SqliteFile {
  return new Database(image);
}

/**
 * Closes the file, and leaves its log where it is, of no bytes. The last one to close it would remove the log, and after a
 * crash an ext4 with data=writeback can have brought it back, beside a newer database. Waits for no lock of another process:
 * what is in the log is safe there.
 */
export function closeAndKeepLog(file: SqliteFile): void {
  const other = keepLog(file.name);
  try {
    file.pragma('busy_timeout = 0');
    file.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // What is in the log is copied at the next start.
  } finally {
    file.close();
    other?.close();
  }
}

/** A connection beside which SQLite removes no log; nor does itself, since it may only read. */
function keepLog(path: string): SqliteFile | undefined {
  let file: SqliteFile | undefined;
  try {
    file = openSqliteFileToRead(path, 0);
    versionOf(file);
    return file;
  } catch {
    file?.close();
    return undefined;
  }
}

/**
 * Opens a file that another connection uses, to copy its log into it.
 * @param checkFiles throws if that, or its log, is not the file that it must be: both are opened by name
 * @throws what `checkFiles` throws, or SQLite's error; it is closed again, and nothing was copied
 */
export function openSqliteFileToCheckpoint(path: string, checkFiles: () => void): SqliteFile {
  const file = new Database(path, { fileMustExist: true, timeout: OPEN_TIMEOUT_MS });
  try {
    // Nothing was read yet, which opens the log.
    checkFiles();
    file.pragma('synchronous = NORMAL');
    checkFiles();
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Copies what is in the log into the database, as far as nobody reads there; waits for nobody.
 * @returns how many pages the log has
 */
export function checkpoint(file: SqliteFile): number {
  const [result] = file.pragma('wal_checkpoint(PASSIVE)') as { log: number }[];
  return result?.log ?? 0;
}

/**
 * Copies all that is in the log into the database, and empties the log.
 * @throws SQLITE_BUSY if others read or write there, after waiting for them as long as busy_timeout says
 */
export function checkpointWhole(file: SqliteFile): void {
  const [result] = file.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  if (result?.busy !== 0) throw new Database.SqliteError('database is locked', 'SQLITE_BUSY');
}

/** SQLite's result code of an error; empty for an error of somebody else. */
export function errorCode(error: unknown): string {
  const origin = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return origin instanceof Database.SqliteError ? origin.code : '';
}

/** An error of SQLite that has come from another thread. */
export function sqliteError(message: string, code: string): Error {
  return new Database.SqliteError(message, code);
}

/**
 * Whether SQLite reports the file as damaged. It does so after some reads that fail as well: `damageOf` in sqlite-damage.ts
 * knows.
 */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(error));
}

/**
 * Whether an error is of the file and not of what was asked: opening it anew may help. A value that is missing is of a
 * column that another program has added.
 */
export function isOfTheFile(error: unknown): boolean {
  return (
    error instanceof FileHarmedError || !/^(|SQLITE_(FULL|CONSTRAINT(?!_NOTNULL)).*)$/.test(errorCode(error))
  );
}

/** The version of a file's schema; 0: it has no tables of greyd. */
export function versionOf(file: SqliteFile): number {
  return Number(file.pragma('user_version', { simple: true }));
}

/** @throws if the file was written by a newer greyd than this one */
export function refuseNewer(file: SqliteFile): void {
  const version = versionOf(file);
  if (version <= MIGRATIONS.length) return;
  throw new Error(
    `it has schema version ${version}, this greyd knows ${MIGRATIONS.length}: use the greyd that wrote it, or another --dbdir`,
  );
}
