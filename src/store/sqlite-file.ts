/**
 * Opens greyd.db: an SQLite file in WAL mode, of the newest schema, for its owner alone.
 *
 * synchronous=FULL makes a commit wait until the disk has it: a deferral must not be forgotten,
 * not even when the power fails. Other processes (the sqlite3 shell, a backup) may use the file
 * at the same time.
 */
import { chmodSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MIGRATIONS } from './sqlite-schema.ts';

/** How long opening, and what is done at once after it, waits for another process to let go of its lock. */
const OPEN_TIMEOUT_MS = 5000;

export type SqliteFile = Database.Database;

/** The file was written by a newer greyd than this one. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
}

/**
 * Opens the file, creates it if there is none (mode 0600), and brings its schema up to date.
 * @throws {NewerSchemaError}, or an error that says why it cannot be opened
 */
export function openSqliteFile(path: string): SqliteFile {
  let file: SqliteFile | undefined;
  try {
    file = new Database(path, { timeout: OPEN_TIMEOUT_MS });
    chmodSync(path, 0o600);
    file.pragma('journal_mode = WAL');
    file.pragma('synchronous = FULL');
    migrate(file, path);
    return file;
  } catch (error) {
    file?.close();
    if (error instanceof NewerSchemaError) throw error;
    throw new Error(`cannot open the database ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Whether an error means that another process holds the lock, so that trying again may help. */
export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}

function migrate(file: SqliteFile, path: string): void {
  const version = () => Number(file.pragma('user_version', { simple: true }));
  if (version() > MIGRATIONS.length) {
    throw new NewerSchemaError(
      `${path} has schema version ${version()}, this greyd knows ${MIGRATIONS.length}: use the greyd that wrote it, or another --dbdir`,
    );
  }
  file
    .transaction(() => {
      for (const migration of MIGRATIONS.slice(version())) {
        file.exec(migration);
        file.pragma(`user_version = ${version() + 1}`);
      }
    })
    .immediate();
}
