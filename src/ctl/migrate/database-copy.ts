/**
 * A copy of greyd's database as it was, made by `greyctl backup`, and how it is put back.
 *
 * The directory of the database is greyd's, where root must not follow what stands under a name: files there are
 * removed and made, never opened.
 *
 * Known limit: a shared store (--store) is not copied. What was taken over is merged there, and does no harm.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { copyInto, makeOwnedFile } from './owned-file.ts';
import { BACKUPS } from './places.ts';
import { type CommandLine, succeed } from './programs.ts';

const DATABASE = 'greyd.db';
/** What stands beside it only together with it. */
const COMPANIONS = ['greyd.db-wal', 'greyd.db-shm'];
const SECRET = 'greyd.secret';

export class DatabaseCopy {
  readonly #dbdir: string;
  readonly #greyctl: CommandLine;
  /** Where the copy is; undefined: there is none. */
  #folder: string | undefined;
  /** What was there; undefined: the directory was not. */
  #before: readonly string[] | undefined;

  /** Whether it is known how the database was. */
  isMade = false;

  constructor(dbdir: string, greyctl: CommandLine) {
    this.#dbdir = dbdir;
    this.#greyctl = greyctl;
  }

  /**
   * Copies the database, while greyd runs.
   * @returns where the copy is; undefined: there is no database yet
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

  /** Has the database as it was, while greyd does not run. */
  async putBack(): Promise<void> {
    if (this.#before === undefined) {
      // It follows no link that somebody puts in the place of a folder meanwhile.
      await succeed(['rm', '-rf', '--one-file-system', '--', this.#dbdir]);
      return;
    }
    const path = join(this.#dbdir, DATABASE);
    const draft = this.#folder === undefined ? undefined : this.#draftFrom(join(this.#folder, DATABASE));
    for (const name of COMPANIONS) rmSync(join(this.#dbdir, name), { force: true });
    if (!this.#before.includes(SECRET)) rmSync(join(this.#dbdir, SECRET), { force: true });
    if (draft === undefined) rmSync(path, { force: true });
    else renameSync(draft, path);
    this.remove();
  }

  /** A file beside the database, greyd's as that is. */
  #draftFrom(copy: string): string {
    const draft = join(this.#dbdir, `${DATABASE}.restored-${randomBytes(6).toString('hex')}`);
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
