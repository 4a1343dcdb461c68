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
import { missingRight } from './file-access.ts';
import { FileHarmedError } from './file-identity.ts';
import { MIGRATIONS, RECOUNT } from './sqlite-schema.ts';

/** How long opening, and what is done at once after it, waits for another process to let go of its lock. */
export const OPEN_TIMEOUT_MS = 5000;

export type SqliteFile = Database.Database;

/**
 * Opens the file, creates it if there is none (mode 0600), and brings its schema up to date.
 * @param use makes of it what the caller needs; if it fails, the file is closed again
 * @param report is told if parts of its schema were missing and are made anew
 * @param timeoutMs how long each step waits for another process to let go of its lock, in milliseconds
 * @throws an error that says why it cannot be opened; its cause is SQLite's, if there is one
 */
export function openSqliteFile<Used>(
  path: string,
  use: (file: SqliteFile) => Used,
  report: (text: string) => void = () => {},
  timeoutMs = OPEN_TIMEOUT_MS,
): Used {
  let file: SqliteFile | undefined;
  try {
    file = new Database(path, { timeout: timeoutMs });
    // Before anything is changed: whoever wrote it may want it back as it is.
    refuseNewer(file);
    chmodSync(path, 0o600);
    file.pragma('journal_mode = WAL');
    file.pragma('synchronous = FULL');
    const mended = prepareFile(file);
    if (mended.length > 0)
      report(
        `${path} lacked ${mended.join(', ')}, which were made anew: what stood there is greylisted once more`,
      );
    // What an earlier fsync failed to write counts as written to the system, and everything that is
    // appended to the log behind it would hang on it. Copied into the database it is written anew, and
    // the log begins from its start. Passive: waits for nobody who reads, such as a backup.
    checkpoint(file);
    return use(file);
  } catch (error) {
    file?.close();
    const reason = reasonOf(error, path);
    throw new Error(`cannot open the database ${path}: ${reason}`, { cause: error });
  }
}

/** An error that may come from a missing right says which one. */
function reasonOf(error: unknown, path: string): string {
  const said = error instanceof Error ? error.message : String(error);
  // A folder that may not be entered is taken for one that is not there.
  const mayLackRight =
    said.endsWith('directory does not exist') ||
    /^(SQLITE_(CANTOPEN|READONLY|PERM)|EACCES|EPERM)/.test(
      errorCode(error) || ((error as NodeJS.ErrnoException).code ?? ''),
    );
  const missing = mayLackRight ? missingRight(path, [`${path}-wal`, `${path}-shm`]) : undefined;
  return missing === undefined ? said : `${said}: ${missing}`;
}

/**
 * Opens a file as it is, only to read it, while others may write.
 * @param timeoutMs how long each step waits for another process to let go of its lock, in milliseconds
 * @throws if it cannot be opened; that it is no database shows when it is read
 */
export function openSqliteFileToRead(path: string, timeoutMs = OPEN_TIMEOUT_MS): SqliteFile {
  return new Database(path, { readonly: true, fileMustExist: true, timeout: timeoutMs });
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

/** Whether an error is of the file and not of what was asked: opening it anew may help. */
export function isOfTheFile(error: unknown): boolean {
  return error instanceof FileHarmedError || !/^(|SQLITE_(FULL|CONSTRAINT).*)$/.test(errorCode(error));
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

/**
 * Brings the schema up to date. What another program has dropped of it is made anew, and what is left stays.
 * @returns the names of what was missing
 * @throws SQLite's error
 */
export function prepareFile(file: SqliteFile): string[] {
  refuseWithoutVersion(file);
  // To begin a transaction waits for others who write.
  if (versionOf(file) < MIGRATIONS.length) file.transaction(() => migrate(file)).immediate();
  if (missingIn(file).length === 0 && hasAllCounts(file)) return [];
  return file.transaction(() => mend(file)).immediate();
}

function migrate(file: SqliteFile): void {
  for (const migration of MIGRATIONS.slice(versionOf(file))) {
    file.exec(migration);
    file.pragma(`user_version = ${versionOf(file) + 1}`);
  }
}

interface SchemaObject {
  readonly name: string;
  readonly sql: string;
}

/** Tables before their triggers. */
function missingIn(file: SqliteFile): SchemaObject[] {
  const whole = new Database(':memory:');
  try {
    for (const migration of MIGRATIONS) whole.exec(migration);
    const names = new Set(objectsOf(file).map(({ name }) => name));
    return objectsOf(whole).filter(({ name }) => !names.has(name));
  } finally {
    whole.close();
  }
}

function objectsOf(file: SqliteFile): SchemaObject[] {
  return file.prepare<[], SchemaObject>('SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL').all();
}

function hasAllCounts(file: SqliteFile): boolean {
  return Number(file.prepare('SELECT count(*) FROM record_counts').pluck().get()) === 2;
}

function mend(file: SqliteFile): string[] {
  const missing = missingIn(file);
  for (const { sql } of missing) file.exec(sql);
  file.exec(RECOUNT);
  return missing.map(({ name }) => name);
}
