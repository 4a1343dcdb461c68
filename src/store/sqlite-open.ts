/**
 * Opens greyd.db: an SQLite file in WAL mode, of the newest schema, for its owner alone.
 *
 * A commit waits until the disk has it: a deferral must not be forgotten, not even when the power fails.
 * SQLite sees to that here (synchronous=FULL), and GroupCommit in a store.
 */
import { chmodSync } from 'node:fs';
import { missingRight } from './file-access.ts';
import {
  checkpoint,
  errorCode,
  OPEN_TIMEOUT_MS,
  openSqliteFileToUse,
  refuseNewer,
  type SqliteFile,
} from './sqlite-file.ts';
import { prepareFile } from './sqlite-prepare.ts';

/**
 * Opens the file, creates it if there is none (mode 0600), and brings its schema up to date.
 * @param use makes of it what the caller needs; if it fails, the file is closed again
 * @param report is told what another program had done to its schema, if that was mended
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
    file = openSqliteFileToUse(path, timeoutMs);
    // Before anything is changed: whoever wrote it may want it back as it is.
    refuseNewer(file);
    chmodSync(path, 0o600);
    file.pragma('journal_mode = WAL');
    file.pragma('synchronous = FULL');
    const mended = prepareFile(file);
    if (mended !== undefined) report(`${path}: ${mended}`);
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
