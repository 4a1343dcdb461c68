/**
 * Opens greyd.db: an SQLite file in WAL mode, of the newest schema, for its owner alone.
 *
 * synchronous=FULL makes a commit wait until the disk has it: a deferral must not be forgotten,
 * not even when the power fails. Other processes (the sqlite3 shell, a backup) may use the file
 * at the same time.
 */
import { chmodSync } from 'node:fs';
import Database from 'better-sqlite3';
import { FileReplacedError } from './file-identity.ts';
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
 * @param use makes of it what the caller needs; if it fails, the file is closed again
 * @throws {NewerSchemaError}, or an error that says why it cannot be opened
 */
export function openSqliteFile<Used>(path: string, use: (file: SqliteFile) => Used): Used {
  let file: SqliteFile | undefined;
  try {
    file = new Database(path, { timeout: OPEN_TIMEOUT_MS });
    chmodSync(path, 0o600);
    file.pragma('journal_mode = WAL');
    file.pragma('synchronous = FULL');
    migrate(file, path);
    return use(file);
  } catch (error) {
    file?.close();
    if (error instanceof NewerSchemaError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot open the database ${path}: ${reason}`, { cause: error });
  }
}

/** Whether an error means that the file is no database (any more), so that trying again cannot help. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

/** Whether an error is of the file and not of what was asked: opening it anew may help. */
export function isOfTheFile(error: unknown): boolean {
  return error instanceof FileReplacedError || !/^(|SQLITE_(BUSY|FULL|CONSTRAINT).*)$/.test(codeOf(error));
}

/** SQLite's result code; empty for an error of somebody else. */
function codeOf(error: unknown): string {
  const origin = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return origin instanceof Database.SqliteError ? origin.code : '';
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
