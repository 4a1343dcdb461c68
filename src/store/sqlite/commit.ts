/**
 * Group commit: all work of one turn of the event loop shares one transaction, and so one
 * wait for the disk; work that comes in the meantime makes up the next one.
 *
 * It is not SQLite that waits: with PRAGMA synchronous = NORMAL it syncs its log only where the order of
 * its writes matters (https://sqlite.org/pragma.html#pragma_synchronous). The commit itself is synced here,
 * by fdatasync(2), which unlike SQLite's fsync(2) leaves out the times of the file, and only
 * if anything was saved.
 *
 * An error of the database fails the work of one transaction. If the disk has not taken it, it is not where
 * it is looked for, or the disk fails while the log is copied into the database (see Checkpointer),
 * everything fails from then on: the file has to be opened anew.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Checkpointer } from './checkpointer.ts';
import { checkpoint, checkpointWhole, closeAndKeepLog, isOfTheFile, type SqliteFile } from './file.ts';
import { FileHarmedError, FileIdentity } from './file-identity.ts';
import type { LockWait } from './lock-wait.ts';
import { SqliteLog } from './log.ts';

/** Work that waits for the next transaction. The caller bounds how much there is. */
export interface QueuedWork {
  /** Does its part of the transaction; throws only for errors of the database. */
  readonly run: () => Done;
  readonly fail: (error: unknown) => void;
}

export interface Done {
  /** True if anything has to be on disk. */
  readonly hasSaved: boolean;
  /** Called when it is. */
  readonly settle: () => void;
}

export class GroupCommit {
  readonly #file: SqliteFile;
  readonly #locks: LockWait;
  readonly #check: () => void;
  /** The opened files: saved data must be where it is looked for after a restart. */
  readonly #identity: FileIdentity;
  /** The log, which takes all saved data first. */
  readonly #log: SqliteLog;
  readonly #begin;
  readonly #commit;
  readonly #rollback;
  #waiting: QueuedWork[] = [];
  readonly #checkpointer: Checkpointer;
  /** Why no saved data can be relied on any more. */
  #harm: unknown;

  /** @param check called in each transaction before its work; throws to fail it */
  constructor(file: SqliteFile, locks: LockWait, check: () => void) {
    this.#file = file;
    this.#locks = locks;
    this.#check = check;
    file.pragma('synchronous = NORMAL');
    file.pragma('wal_autocheckpoint = 0');
    this.#identity = FileIdentity.of([file.name, ...sideFiles(file)]);
    this.#begin = file.prepare('BEGIN IMMEDIATE');
    this.#commit = file.prepare('COMMIT');
    this.#rollback = file.prepare('ROLLBACK');
    this.#log = new SqliteLog(`${file.name}-wal`);
    this.#checkpointer = new Checkpointer(file, {
      files: this.#identity.files,
      checkFiles: () => this.checkFiles(),
      failed: (error) => this.#noteHarm(error),
    });
  }

  add(work: QueuedWork): void {
    this.#waiting.push(work);
    if (this.#waiting.length === 1) setImmediate(() => this.#commitWaiting());
  }

  /** Notes changes that were committed beside its own. */
  noteChanges(changes: number): void {
    this.#checkpointer.changed(changes);
  }

  /** @throws if a file is not the one that was opened, or saved data is not in the log */
  checkFiles(): void {
    this.#identity.check();
    this.#checkLog();
  }

  /** Waits for the current work, then closes the file. */
  async close(): Promise<void> {
    // Without a transaction of its own, which would wait for the locks of others.
    while (this.#waiting.length > 0) await turn();
    await this.#checkpointer.close();
    if (!this.#file.open) return;
    try {
      this.#log.close();
    } finally {
      if (!this.#identity.holds(this.#file.name)) this.#closeReplaced();
      // A log that cannot be relied on is not worth keeping.
      else if (this.#harm !== undefined) this.#file.close();
      else closeAndKeepLog(this.#file);
    }
  }

  #commitWaiting(): void {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      if (this.#harm !== undefined) throw this.#harm;
      // Check before as well: SQLite writes at its old position, which hides that the log was cut.
      this.#checkLog();
      this.#locks.run(() => this.#begin.run());
      this.#check();
      const done = group.map(({ run }) => run());
      this.#commit.run();
      const saved = done.filter(({ hasSaved }) => hasSaved).length;
      if (saved > 0) this.#log.sync();
      this.checkFiles();
      for (const { settle } of done) settle();
      this.#checkpointer.changed(saved);
    } catch (error) {
      this.#abandonTransaction();
      if (error instanceof FileHarmedError) this.#noteHarm(error);
      for (const { fail } of group) fail(error);
    }
  }

  /** @throws if saved data is not in the log, where it is looked for after a crash */
  #checkLog(): void {
    // If another program has emptied the log, SQLite has nothing to copy; otherwise it fails.
    if (this.#log.check()) checkpoint(this.#file);
  }

  #noteHarm(error: unknown): void {
    if (isOfTheFile(error)) this.#harm ??= error;
  }

  /** Ends the transaction: SQLite does that itself after some errors, after others not. */
  #abandonTransaction(): void {
    try {
      if (this.#file.inTransaction) this.#rollback.run();
    } catch {
      // The cause is reported; there is nothing to add.
    }
  }

  /**
   * Closes a database that was moved or replaced. SQLite leaves its side files where they are, and a program that
   * opens the new file would take them for its own.
   */
  #closeReplaced(): void {
    try {
      this.#locks.run(() => checkpointWhole(this.#file));
    } catch {
      // Readers keep what they read; all that could be copied is.
    } finally {
      this.#file.close();
      for (const path of sideFiles(this.#file)) this.#identity.remove(path);
    }
  }
}

/** Returns the log of changes that are not in the database yet, and its index. */
function sideFiles({ name }: SqliteFile): string[] {
  return [`${name}-wal`, `${name}-shm`];
}
