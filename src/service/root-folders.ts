/**
 * Folders in which root makes files for another account: known by their descriptors, and below folders that
 * only root
 * can change, so that no other user can redirect a path in the meantime.
 *
 * Known limits: Linux (/proc/self/fd). The owner of the folder itself can always replace a file in it.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { nameBeside, putInPlace } from '../files/beside.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** The limit of path_resolution(7). */
const MAX_LINKS = 40;

/** Something else is in the place of a file. */
export class PlaceError extends Error {
  override readonly name = 'PlaceError';
}

export const NO_FILE = 'something that is no file exists there';
const NO_SOCKET = 'something that is no socket exists there';

/**
 * For root: makes a folder if there is none, with its parents, and gives it to the account if it belongs to
 * root and is empty:
 * `--dbdir=/tmp` must stay root's.
 * @throws EACCES if other users can decide which folder it is, or the system's error
 */
export function giveFolder(path: string, owner: { readonly uid: number; readonly gid: number }): void {
  const folder = openOrMake(path);
  try {
    const isEmpty = readdirSync(inFolder(folder)).length === 0;
    if (isEmpty && fstatSync(folder).uid === 0) fchownSync(folder, owner.uid, owner.gid);
  } finally {
    closeSync(folder);
  }
}

/** @returns its descriptor */
function openOrMake(path: string): number {
  const missing: string[] = [];
  let above = resolve(path);
  for (; !isThere(above); above = dirname(above)) missing.unshift(basename(above));
  let folder = openFolder(above);
  for (const [index, name] of missing.entries()) {
    try {
      if (!isRoots(fstatSync(folder))) throw denied(above);
      const made = join(inFolder(folder), name);
      mkdirSync(made, { mode: 0o700 });
      const next = openSync(made, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      // The account, whichever it is, must be able to pass the parents of its folder.
      if (index < missing.length - 1) fchmodSync(next, 0o755);
      closeSync(folder);
      folder = next;
      above = join(above, name);
    } catch (error) {
      closeSync(folder);
      throw error;
    }
  }
  return folder;
}

/**
 * For root: makes a file, or a socket, beside its place and renames it.
 * @param replaces the kind of file that may be replaced
 * @throws {PlaceError} if something else is there
 */
export async function makeInFolder(
  path: string,
  replaces: 'file' | 'socket',
  make: (beside: string) => Promise<void>,
): Promise<void> {
  const folder = openFolder(dirname(resolve(path)));
  const beside = nameBeside(join(inFolder(folder), basename(path)));
  try {
    const place = join(inFolder(folder), basename(path));
    const stat = lstatSync(place, { throwIfNoEntry: false });
    const mayBeReplaced = replaces === 'file' ? stat?.isFile() : stat?.isSocket();
    if (mayBeReplaced === false) throw new PlaceError(replaces === 'file' ? NO_FILE : NO_SOCKET);
    await make(beside);
    putInPlace(beside, place);
  } finally {
    rmSync(beside, { force: true });
    closeSync(folder);
  }
}

/** Makes a folder and its parents one by one: mkdir of Node.js with `recursive` tries forever below /proc. */
export function makeWithParents(path: string, mode = 0o700): void {
  if (isThere(path)) return;
  // The account, whichever it is, must be able to pass the parents.
  makeWithParents(dirname(resolve(path)), 0o755);
  mkdirSync(path, { mode });
  // Independent of the umask.
  if (mode !== 0o700) chmodSync(path, mode);
}

/**
 * Opens a folder for root, whoever owns it.
 * @throws EACCES if other users can decide which one it is, or the system's error
 */
function openFolder(path: string): number {
  return openSync(trustedPath(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/**
 * Resolves a path that only root can change.
 * @returns the path without links
 * @throws EACCES if a parent folder is not root's, or other users can change its entries; a sticky bit keeps
 *   them from renaming entries of root
 */
function trustedPath(path: string): string {
  const names = resolve(path).split(sep).filter(Boolean);
  let place = '/';
  for (let links = 0; ; ) {
    const name = names.shift();
    if (name === undefined) return place;
    if (!isRoots(lstatSync(place))) throw denied(place);
    const next = join(place, name);
    const stat = lstatSync(next);
    if (!stat.isSymbolicLink()) {
      place = next;
      continue;
    }
    links += 1;
    if (stat.uid !== 0 || links > MAX_LINKS) throw denied(next);
    names.unshift(...resolve(place, readlinkSync(next)).split(sep).filter(Boolean));
    place = '/';
  }
}

/** Returns the path of an open descriptor. */
export function inFolder(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/**
 * Tells whether only root can change the entries of a folder; with the sticky bit others cannot rename root's.
 */
function isRoots({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return uid === 0 && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0);
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

export function denied(folder: string): Error {
  return Object.assign(new Error(`users other than root can change ${folder}: choose another place`), {
    code: 'EACCES',
  });
}
