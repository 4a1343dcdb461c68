/**
 * Copies greyd's database by `greyctl backup`, and puts the copy back.
 *
 * The directory of the database belongs to greyd, so that root must not follow a name there: files are removed and
 * made, never opened.
 *
 * Known limit: a shared store (--store) is not copied. Records of postgrey stay merged there, and do no harm.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nameBeside, putInPlace } from '../../files/beside.ts';
import { copyInto, makeOwnedFile } from '../../files/owned-file.ts';
import { BACKUPS } from './places.ts';
import { type Argv, succeed } from './programs.ts';

const DATABASE = 'greyd.db';
/** Files that belong to the database, and must be removed with it. */
const COMPANIONS = ['greyd.db-wal', 'greyd.db-shm'];
const SECRET = 'greyd.secret';

export class DatabaseCopy {
  readonly #dbdir: string;
  readonly #greyctl: Argv;
  /** The folder of the copy; undefined: there is no copy. */
  #folder: string | undefined;
  /** The files that the directory had; undefined: it did not exist. */
  #before: readonly string[] | undefined;

  /** The former state of the database is known, so that it can be put back. */
  isMade = false;

  constructor(dbdir: string, greyctl: Argv) {
    this.#dbdir = dbdir;
    this.#greyctl = greyctl;
  }

  /**
   * Copies the database, while greyd runs.
   * @returns the path of the copy; undefined: there is no database yet
   */
  async make(): Promise<string | undefined> {
    this.#before = existsSync(this.#dbdir) ? readdirSync(this.#dbdir) : undefined;
    const path = this.#before?.includes(DATABASE) ? await this.#copy() : undefined;
    this.isMade = true;
    return path;
  }

  async #copy(): Promise<string> {
    this.#folder = mkdtempSync(join(BACKUPS, 'greyd-migrate-'));
    const path = join(this.#folder, DATABASE);
    try {
      await succeed([...this.#greyctl, 'backup', `--dbdir=${this.#dbdir}`, path]);
      return path;
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Restores the database; greyd must be stopped. */
  async putBack(): Promise<void> {
    if (this.#before === undefined) {
      // rm(1) follows no link that replaces a folder meanwhile.
      await succeed(['rm', '-rf', '--one-file-system', '--', this.#dbdir]);
      return;
    }
    const path = join(this.#dbdir, DATABASE);
    const draft = this.#folder === undefined ? undefined : this.#draftFrom(join(this.#folder, DATABASE));
    for (const name of COMPANIONS) rmSync(join(this.#dbdir, name), { force: true });
    if (!this.#before.includes(SECRET)) rmSync(join(this.#dbdir, SECRET), { force: true });
    if (draft === undefined) rmSync(path, { force: true });
    else putInPlace(draft, path);
    this.remove();
  }

  /** Makes a file beside the database, with the owner of its directory. */
  #draftFrom(copy: string): string {
    const draft = nameBeside(join(this.#dbdir, DATABASE));
    const { uid, gid } = statSync(this.#dbdir);
    makeOwnedFile(draft, { uid, gid, mode: 0o600 }, (fd) => copyInto(fd, copy));
    return draft;
  }

  /** Removes the copy. */
  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}
