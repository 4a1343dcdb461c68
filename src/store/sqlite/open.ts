/**
 * Opens greyd.db: an SQLite file in WAL mode, of the newest schema, for its owner alone.
 *
 * A commit waits until it is on disk: a deferral must not be forgotten, not even when the power fails.
 * SQLite does that here (synchronous=FULL), and GroupCommit in a store.
 */
import { chmodSync } from 'node:fs';
import { errorText } from '../../errors/text.ts';
import { missingRight } from '../../files/access.ts';
import {
  checkpoint,
  errorCode,
  OPEN_TIMEOUT_MS,
  openSqliteFileToUse,
  refuseNewer,
  type SqliteFile,
} from './file.ts';
import { prepareFile } from './prepare.ts';

/**
 * Opens the file, creates it if there is none (mode 0600), and brings its schema up to date.
 * @param use makes what the caller needs from it; if it fails, the file is closed again
 * @param report called if changes of another program to its schema were repaired
 * @param timeoutMs how long each step waits for the lock of another process, in milliseconds
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
    // Before any change: a newer greyd may want it back as it is.
    refuseNewer(file);
    chmodSync(path, 0o600);
    file.pragma('journal_mode = WAL');
    file.pragma('synchronous = FULL');
    const mended = prepareFile(file);
    if (mended !== undefined) report(`${path}: ${mended}`);
    // Data that an earlier fsync failed to write counts as written to the system, and everything
    // appended to the log after it would depend on it. Copied into the database it is written again, and
    // the log begins from its start. Passive: waits for no reader, such as a backup.
    checkpoint(file);
    return use(file);
  } catch (error) {
    file?.close();
    const reason = openingReason(error, path);
    throw new Error(`cannot open the database ${path}: ${reason}`, { cause: error });
  }
}

/** Adds the missing right to an error that may come from one. */
function openingReason(error: unknown, path: string): string {
  const said = errorText(error);
  // A folder that may not be entered is reported as missing.
  const mayLackRight =
    said.endsWith('directory does not exist') ||
    /^(SQLITE_(CANTOPEN|READONLY|PERM)|EACCES|EPERM)/.test(
      errorCode(error) || ((error as NodeJS.ErrnoException).code ?? ''),
    );
  const missing = mayLackRight ? missingRight(path, [`${path}-wal`, `${path}-shm`]) : undefined;
  return missing === undefined ? said : `${said}: ${missing}`;
}
