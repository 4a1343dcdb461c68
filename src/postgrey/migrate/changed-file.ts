/**
 * Rewrites a system file, and can restore it, byte by byte, with its mode and owner. A file that did not exist is
 * removed again, with the folders that were made for it.
 *
 * A link is followed: its target is written, and the link stays.
 */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { nameBeside, putInPlace } from '../../files/beside.ts';
import { makeOwnedFile, type Ownership, writeAll } from '../../files/owned-file.ts';
import { currentOwner } from '../../service/account.ts';
import { textBytes } from './text-file.ts';

interface Content extends Ownership {
  readonly bytes: Buffer;
}

/** Mode of a file that did not exist: all may read it, whatever the umask. */
const NEW_MODE = 0o644;

export class ChangedFile {
  readonly #path: string;
  /** undefined: the file did not exist. */
  #before: Content | undefined;
  #madeFolders: string[] = [];
  #isWritten = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Writes the file; a reader sees all of the old or all of the new text. */
  write(text: string): void {
    const target = linkTarget(this.#path);
    this.#before = contentOf(target);
    this.#madeFolders = makeFolders(dirname(target));
    const { mode, uid, gid } = this.#before ?? { mode: NEW_MODE, ...currentOwner() };
    const bytes = textBytes(text, this.#before?.bytes ?? Buffer.alloc(0));
    replace(target, { bytes, mode, uid, gid });
    this.#isWritten = true;
  }

  /** Restores the file as it was before `write`. If `write` failed, the file is unchanged, and is not touched. */
  restore(): void {
    if (this.#isWritten) this.#putBack(linkTarget(this.#path));
    this.#isWritten = false;
    for (const folder of this.#madeFolders.splice(0).reverse()) rmdirSync(folder);
  }

  #putBack(target: string): void {
    if (this.#before === undefined) rmSync(target, { force: true });
    else replace(target, this.#before);
  }
}

function linkTarget(path: string): string {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? realpathSync(path) : path;
}

function contentOf(path: string): Content | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return { bytes: readFileSync(path), mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
}

/** Makes missing folders. @returns those that were made, the outermost first */
function makeFolders(path: string): string[] {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return [];
  const made = makeFolders(dirname(path));
  mkdirSync(path);
  chmodSync(path, 0o755);
  return [...made, path];
}

function replace(path: string, { bytes, ...ownership }: Content): void {
  const draft = nameBeside(path);
  makeOwnedFile(draft, ownership, (fd) => writeAll(fd, bytes));
  putInPlace(draft, path);
}
