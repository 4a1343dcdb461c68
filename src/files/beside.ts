/**
 * A file is written beside its place, and gets its name when it is whole and on the disk: nobody reads half of it, and
 * no crash leaves half of it.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Returns a name beside a file's place that nobody else has; a short one, for the paths of sockets are bounded. */
export function nameBeside(path: string): string {
  return join(dirname(path), `.greyd-${randomBytes(6).toString('hex')}`);
}

/**
 * Gives a file that is on the disk its place, whatever stands there.
 * @throws the system's error; the file is removed then
 */
export function putInPlace(draft: string, path: string): void {
  try {
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/**
 * Gives a file that is on the disk its place if that is free. A link, unlike a rename, replaces nothing.
 * @throws the system's error; the file is removed in any case
 */
export function putInFreePlace(draft: string, path: string): void {
  try {
    linkSync(draft, path);
    syncFolder(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Saves the names in a folder. Some file systems cannot be asked for it, and save them in their own time. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // The content is saved.
  }
}
