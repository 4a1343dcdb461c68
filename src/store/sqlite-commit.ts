/**
 * Group commit: all work that comes in one turn of the event loop shares one transaction, and so one
 * wait for the disk; what comes meanwhile makes up the next one.
 *
 * It is not SQLite that waits: with PRAGMA synchronous = NORMAL it syncs its log only where the order of
 * its writes matters (https://sqlite.org/pragma.html#pragma_synchronous). The commit itself is synced here,
 * by fdatasync(2), which takes the disk half as long as SQLite's fsync(2) does, and only if anything was
 * saved.
 *
 * What was committed is copied from the log into the database when its answers have left (a checkpoint),
 * so that nobody waits for that who was there before it.
 *
 * An error of the database fails the work of one transaction. If the disk has not taken it, or it is not
 * where it is looked for, everything fails from then on: the file has to be opened anew.
 */
import { FileHarmedError, FileIdentity } from './file-identity.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { SqliteLog } from './sqlite-log.ts';

/** Some work that waits for the next transaction. Who asks for it bounds how much there is. */
export interface Work {
  /** Does its part of the transaction; it must not throw but for errors of the database. */
  readonly run: () => Done;
  readonly fail: (error: unknown) => void;
}

export interface Done {
  /** Whether there is anything that has to be on disk. */
  readonly hasSaved: boolean;
  /** Called when it is. */
  readonly settle: () => void;
}

/**
 * After so many changes the log is copied into the database. In a database of a million records they lie
 * far apart, and each is a page to be written.
 */
const CHECKPOINT_CHANGES = 1000;

export class GroupCommit {
  readonly #file: SqliteFile;
  readonly #check: () => void;
  /** The files that were opened: what is saved must be where it is looked for after a restart. */
  readonly #identity: FileIdentity;
  /** What is saved stands in it first. */
  readonly #log: SqliteLog;
  readonly #begin;
  readonly #commit;
  readonly #rollback;
  #waiting: Work[] = [];
  /** Changes that were committed since the last checkpoint, each of a page or so. */
  #changes = 0;
  /** Why nothing that is saved here can be relied on any more. */
  #harm: unknown;

  /** @param check is called in each transaction before its work, and fails it by throwing */
  constructor(file: SqliteFile, check: () => void) {
    this.#file = file;
    this.#check = check;
    file.pragma('synchronous = NORMAL');
    file.pragma('wal_autocheckpoint = 0');
    this.#identity = new FileIdentity([file.name, ...sideFiles(file)]);
    this.#begin = file.prepare('BEGIN IMMEDIATE');
    this.#commit = file.prepare('COMMIT');
    this.#rollback = file.prepare('ROLLBACK');
    this.#log = new SqliteLog(`${file.name}-wal`);
  }

  add(work: Work): void {
    this.#waiting.push(work);
    if (this.#waiting.length === 1) setImmediate(() => this.#commitWaiting());
  }

  /** Notes changes that were committed; many of them are followed by a checkpoint. */
  noteChanges(changes: number): void {
    const before = this.#changes;
    this.#changes += changes;
    if (before < CHECKPOINT_CHANGES && this.#changes >= CHECKPOINT_CHANGES)
      setImmediate(() => this.#checkpoint());
  }

  /** @throws if what was saved is not in the log, where it is looked for after a crash */
  checkLog(): void {
    // SQLite has nothing to copy if it was another program that emptied the log, and fails otherwise.
    if (this.#log.check()) this.#file.pragma('wal_checkpoint(PASSIVE)');
  }

  /** Waits for the work under way, then closes the file. */
  async close(): Promise<void> {
    // Work without an effect settles together with all that waits.
    await new Promise<void>((resolve) => {
      this.add({ run: () => ({ hasSaved: false, settle: resolve }), fail: () => resolve() });
    });
    if (!this.#file.open) return;
    this.#log.close();
    if (this.#identity.holds(this.#file.name)) this.#file.close();
    else this.#closeReplaced();
  }

  #commitWaiting(): void {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      if (this.#harm !== undefined) throw this.#harm;
      this.#begin.run();
      this.#check();
      const done = group.map(({ run }) => run());
      this.#commit.run();
      const saved = done.filter(({ hasSaved }) => hasSaved).length;
      if (saved > 0) this.#log.sync();
      this.#identity.check();
      this.checkLog();
      for (const { settle } of done) settle();
      this.noteChanges(saved);
    } catch (error) {
      this.#abandonTransaction();
      if (error instanceof FileHarmedError) this.#harm = error;
      for (const { fail } of group) fail(error);
    }
  }

  #checkpoint(): void {
    this.#changes = 0;
    if (!this.#file.open) return;
    try {
      // Harm to the log must not be copied.
      this.checkLog();
      // Passive: waits for nobody who reads, such as a backup.
      this.#file.pragma('wal_checkpoint(PASSIVE)');
    } catch {
      // The log goes on to grow; the next commit, or the next checkpoint, finds what is wrong.
    }
  }

  /** SQLite ends a transaction itself after some errors; after others it has to be told. */
  #abandonTransaction(): void {
    try {
      if (this.#file.inTransaction) this.#rollback.run();
    } catch {
      // What led here is reported; there is nothing to add.
    }
  }

  /**
   * SQLite leaves the side files of a database that was moved or replaced where they are, and whoever
   * opens what stands in its place would take them for its own.
   */
  #closeReplaced(): void {
    try {
      this.#file.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      this.#file.close();
      for (const path of sideFiles(this.#file)) this.#identity.remove(path);
    }
  }
}

/** The log of what is not in the database yet, and its index. */
function sideFiles({ name }: SqliteFile): string[] {
  return [`${name}-wal`, `${name}-shm`];
}
