/**
 * Opens greyd.db: an SQLite file in WAL mode, of the newest schema, for its owner alone.
 *
 * A commit waits until the disk has it: a deferral must not be forgotten, not even when the power fails.
 * SQLite sees to that here (synchronous=FULL), and GroupCommit in a store. Other processes (the sqlite3
 * shell, a backup) may use the file at the same time.
 *
 * Known limit: greyd.db-shm is mapped into memory. Whoever cuts it short under a running program ends
 * that with SIGBUS, which nothing here can catch. It holds no records; a new start finds all of them.
 */
import { chmodSync } from 'node:fs';
import Database from 'better-sqlite3';
import { FileHarmedError } from './file-identity.ts';
import { MIGRATIONS } from './sqlite-schema.ts';

/** How long opening, and what is done at once after it, waits for another process to let go of its lock. */
const OPEN_TIMEOUT_MS = 5000;

export type SqliteFile = Database.Database;

/**
 * Opens the file, creates it if there is none (mode 0600), and brings its schema up to date.
 * @param use makes of it what the caller needs; if it fails, the file is closed again
 * @throws an error that says why it cannot be opened; its cause is SQLite's, if there is one
 */
export function openSqliteFile<Used>(path: string, use: (file: SqliteFile) => Used): Used {
  let file: SqliteFile | undefined;
  try {
    file = new Database(path, { timeout: OPEN_TIMEOUT_MS });
    // Before anything is changed: whoever wrote it may want it back as it is.
    refuseNewer(file);
    chmodSync(path, 0o600);
    file.pragma('journal_mode = WAL');
    file.pragma('synchronous = FULL');
    migrate(file);
    // What an earlier fsync failed to write counts as written to the system, and everything that is
    // appended to the log behind it would hang on it. Copied into the database it is written anew, and
    // the log begins from its start. Passive: waits for nobody who reads, such as a backup.
    checkpoint(file);
    return use(file);
  } catch (error) {
    file?.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot open the database ${path}: ${reason}`, { cause: error });
  }
}

/**
 * Opens a file as it is, only to read it, while others may write.
 * @throws if it cannot be opened; that it is no database shows when it is read
 */
export function openSqliteFileToRead(path: string): SqliteFile {
  return new Database(path, { readonly: true, fileMustExist: true, timeout: OPEN_TIMEOUT_MS });
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

/** SQLite's result code of an error; empty for an error of somebody else. */
export function errorCode(error: unknown): string {
  const origin = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return origin instanceof Database.SqliteError ? origin.code : '';
}

/** An error of SQLite that has come from another thread. */
export function sqliteError(message: string, code: string): Error {
  return new Database.SqliteError(message, code);
}

/** Whether an error means that the file is no database (any more), so that trying again cannot help. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(error));
}

/** Whether an error is of the file and not of what was asked: opening it anew may help. */
export function isOfTheFile(error: unknown): boolean {
  return error instanceof FileHarmedError || !/^(|SQLITE_(BUSY|FULL|CONSTRAINT).*)$/.test(errorCode(error));
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

/** Else the tables would be made once more, which fails at this start and at all others. */
function refuseWithoutVersion(file: SqliteFile): void {
  if (versionOf(file) > 0) return;
  if (file.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'triplets'").get() === undefined) return;
  throw new Database.SqliteError('it has tables of greyd and no schema version', 'SQLITE_CORRUPT');
}

function migrate(file: SqliteFile): void {
  file
    .transaction(() => {
      refuseWithoutVersion(file);
      for (const migration of MIGRATIONS.slice(versionOf(file))) {
        file.exec(migration);
        file.pragma(`user_version = ${versionOf(file) + 1}`);
      }
    })
    .immediate();
}
