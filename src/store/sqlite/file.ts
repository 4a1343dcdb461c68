/**
 * greyd.db for SQLite: the ways to open it, to copy its log, and the meaning of its errors.
 *
 * Other processes (the sqlite3 shell, a backup) may use the file at the same time.
 *
 * Known limit: greyd.db-shm is mapped into memory. A program that cuts it short ends every process that uses
 * it with SIGBUS, which nothing here can catch. It holds no records; a new start finds all of them.
 */
import Database from 'better-sqlite3';
import { FileHarmedError } from './file-identity.ts';
import { MIGRATIONS } from './schema.ts';

/** How long opening, and the first steps after it, wait for the lock of another process, in milliseconds. */
export const OPEN_TIMEOUT_MS = 5000;

export type SqliteFile = Database.Database;

/** @throws SQLite's error; or, if SQLite cannot be loaded, one that says what to do */
function openDatabase(path: string | Buffer, options: Database.Options = {}): SqliteFile {
  try {
    return new Database(path, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_DLOPEN_FAILED') throw error;
    throw new Error(
      'better-sqlite3 does not fit this Node.js: run npm rebuild better-sqlite3 in the directory of greyd, then restart it',
      { cause: error },
    );
  }
}

/**
 * Opens a file as it is, only to read it, while others may write.
 * @param timeoutMs how long each step waits for the lock of another process, in milliseconds
 * @throws if it cannot be opened; that it is no database shows when it is read
 */
export function openSqliteFileToRead(path: string, timeoutMs = OPEN_TIMEOUT_MS): SqliteFile {
  return openDatabase(path, { readonly: true, fileMustExist: true, timeout: timeoutMs });
}

/** Opens an empty database, in memory. */
export function openEmptySqliteFile(): SqliteFile {
  return openDatabase(':memory:');
}

/**
 * Opens a file for use, and creates it if there is none.
 * @param timeoutMs how long each step waits for the lock of another process, in milliseconds
 * @throws SQLite's error
 */
export function openSqliteFileToUse(path: string, timeoutMs: number): SqliteFile {
  return openDatabase(path, { timeout: timeoutMs });
}

/** Opens the result of `readSqliteImage`, in memory. @throws SQLite's error if there is no memory for it */
export function openSqliteImage(image: Buffer): SqliteFile {
  return openDatabase(image);
}

/**
 * Closes the file, and keeps its log, empty. The last process to close it would remove the log, and after a
 * crash an ext4 with data=writeback can bring it back, beside a newer database. Waits for no lock of another
 * process:
 * what is in the log is safe there.
 */
export function closeAndKeepLog(file: SqliteFile): void {
  const other = keepLog(file.name);
  try {
    file.pragma('busy_timeout = 0');
    file.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // The log is copied at the next start.
  } finally {
    file.close();
    other?.close();
  }
}

/** Opens a connection beside which SQLite removes no log; being read-only, neither does this one. */
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
 * @param checkFiles throws if it, or its log, is not the right file: both are opened by name
 * @throws what `checkFiles` throws, or SQLite's error; it is closed again, and nothing was copied
 */
export function openSqliteFileToCheckpoint(path: string, checkFiles: () => void): SqliteFile {
  const file = openDatabase(path, { fileMustExist: true, timeout: OPEN_TIMEOUT_MS });
  try {
    // Check before the first read, which opens the log.
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
 * Copies the log into the database, as far as no reader needs it; waits for no other process.
 * @returns the number of pages in the log
 */
export function checkpoint(file: SqliteFile): number {
  const [result] = file.pragma('wal_checkpoint(PASSIVE)') as { log: number }[];
  return result?.log ?? 0;
}

/**
 * Copies the whole log into the database, and empties the log.
 * @throws SQLITE_BUSY if others still read or write after busy_timeout
 */
export function checkpointWhole(file: SqliteFile): void {
  const [result] = file.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  if (result?.busy !== 0) throw new Database.SqliteError('database is locked', 'SQLITE_BUSY');
}

/** Returns SQLite's result code of an error; empty for an error from elsewhere. */
export function errorCode(error: unknown): string {
  const origin = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return origin instanceof Database.SqliteError ? origin.code : '';
}

/** Makes an error of SQLite that comes from another thread. */
export function sqliteError(message: string, code: string): Error {
  return new Database.SqliteError(message, code);
}

/**
 * Tells whether SQLite reports the file as damaged. It does so after some failed reads as well: `damageOf` in
 * sqlite-damage.ts knows.
 */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(error));
}

/**
 * Tells whether an error is of the file and not of the request: opening it anew may help. A missing value
 * belongs to a
 * column that another program has added.
 */
export function isOfTheFile(error: unknown): boolean {
  return (
    error instanceof FileHarmedError || !/^(|SQLITE_(FULL|CONSTRAINT(?!_NOTNULL)).*)$/.test(errorCode(error))
  );
}

/** Returns the version of a file's schema; 0: it has no tables of greyd. */
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
