/**
 * Folders in which root makes something for another account: known by their descriptors, and below folders that are root's
 * alone, so that nobody can turn a path elsewhere meanwhile.
 *
 * Known limits: Linux (/proc/self/fd). Who owns the folder itself can put what he likes in the place of a file, as ever.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** As path_resolution(7) has it. */
const MAX_LINKS = 40;

/** What stands in the way of a file. */
export class PlaceError extends Error {
  override readonly name = 'PlaceError';
}

export const NO_FILE = 'something that is no file stands there';

/**
 * For root: makes a folder if there is none, with those above it, and gives it to the account if it is root's and empty:
 * `--dbdir=/tmp` must stay root's.
 * @throws EACCES if others can decide which folder it is, or the system's error
 */
export function giveFolder(path: string, owner: { readonly uid: number; readonly gid: number }): void {
  const above = openFolder(nearest(path));
  const isRoots = fstatSync(above).uid === 0;
  closeSync(above);
  if (!isThere(path) && !isRoots) throw denied(path);
  makeWithParents(path);
  const folder = openFolder(path);
  try {
    const isEmpty = readdirSync(inFolder(folder)).length === 0;
    if (isEmpty && fstatSync(folder).uid === 0) fchownSync(folder, owner.uid, owner.gid);
  } finally {
    closeSync(folder);
  }
}

/**
 * For root: makes a file beside its place and moves it there.
 * @throws {PlaceError} if no file can be there
 */
export async function makeInFolder(path: string, make: (beside: string) => Promise<void>): Promise<void> {
  const folder = openFolder(dirname(resolve(path)));
  const beside = join(inFolder(folder), `.greyd-${process.pid}`);
  try {
    const place = join(inFolder(folder), basename(path));
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat !== undefined && !stat.isFile() && !stat.isSocket()) throw new PlaceError(NO_FILE);
    rmSync(beside, { force: true });
    await make(beside);
    renameSync(beside, place);
  } finally {
    rmSync(beside, { force: true });
    closeSync(folder);
  }
}

/** With those above it, one by one: mkdir of Node.js with `recursive` tries forever below /proc. */
export function makeWithParents(path: string, mode = 0o700): void {
  if (isThere(path)) return;
  // Whoever the account is, it must get through the folders above.
  makeWithParents(dirname(resolve(path)), 0o755);
  mkdirSync(path, { mode });
  // Whatever the umask.
  if (mode !== 0o700) chmodSync(path, mode);
}

/**
 * Opens a folder for root, whoever it belongs to.
 * @throws EACCES if others can decide which one it is, or the system's error
 */
function openFolder(path: string): number {
  return openSync(trustedPath(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/**
 * Where a path leads, if root alone decides that.
 * @returns the path without links
 * @throws EACCES if a folder above its end is not root's, or others can change what it holds; where the sticky bit keeps
 *   them from renaming what is not theirs, they cannot
 */
function trustedPath(path: string): string {
  const names = resolve(path).split(sep).filter(Boolean);
  let place = '/';
  for (let links = 0; ; ) {
    const name = names.shift();
    if (name === undefined) return place;
    const { uid, mode } = lstatSync(place);
    if (uid !== 0 || ((mode & 0o022) !== 0 && (mode & 0o1000) === 0)) throw denied(place);
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

/** The path of what a descriptor is open on. */
export function inFolder(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** The path itself, or the first folder above it that is there. */
function nearest(path: string): string {
  return isThere(path) ? path : nearest(dirname(resolve(path)));
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

export function denied(path: string): Error {
  return Object.assign(new Error(`permission denied: ${path}`), { code: 'EACCES' });
}
