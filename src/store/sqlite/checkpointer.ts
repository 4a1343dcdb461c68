/**
 * Decides when the log is copied into the database: after some changes, by a thread of its own, beside the
 * current transactions. The log can begin anew only when all of it is copied at the moment of a
 * commit (https://sqlite.org/wal.html#ckpt): so the rest that was added in the meantime is copied here,
 * between two transactions, when it is small or the log is long.
 *
 * Known limit: a program that cuts the log in the milliseconds in which it is being copied may damage the
 * database; that is noticed afterwards, and it is set aside.
 */
import { CheckpointThread } from './checkpoint-thread.ts';
import { checkpoint, errorCode, type SqliteFile } from './file.ts';
import type { KnownFiles } from './file-identity.ts';

/** Each change is about a page, somewhere in the file. */
const CHECKPOINT_CHANGES = 1000;
/** A rest of this many changes is small: it takes a millisecond or two. Under load there is always more. */
const SMALL_REST = 50;
/** A log of this many pages, 64 MB, is long. */
const LONG_LOG = 16_000;

export interface CheckpointParts {
  /** The files of the database, as they were opened. */
  readonly files: KnownFiles;
  /** Throws if the files are not as they should be: damage must not be copied. */
  readonly checkFiles: () => void;
  /** Called after a failure. Changes in the log that were not copied are still there. */
  readonly failed: (error: unknown) => void;
}

export class Checkpointer {
  readonly #file: SqliteFile;
  readonly #parts: CheckpointParts;
  readonly #thread: CheckpointThread;
  /** Changes since the last run began. */
  #changes = 0;
  #isCopying = false;

  constructor(file: SqliteFile, parts: CheckpointParts) {
    this.#file = file;
    this.#parts = parts;
    this.#thread = new CheckpointThread({ path: file.name, files: parts.files });
  }

  /** Notes committed changes; called between two transactions. */
  changed(changes: number): void {
    this.#changes += changes;
    if (this.#changes >= CHECKPOINT_CHANGES && !this.#isCopying) void this.#copy();
  }

  /** Waits for the current copy. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  async #copy(): Promise<void> {
    this.#isCopying = true;
    this.#changes = 0;
    try {
      this.#parts.checkFiles();
      if (await this.#isRestDue()) {
        this.#parts.checkFiles();
        checkpoint(this.#file);
      }
    } catch (error) {
      this.#parts.failed(error);
    }
    this.#isCopying = false;
  }

  /** Lets the thread copy, and tells whether the rest is to be copied here; all of it if the thread cannot. */
  async #isRestDue(): Promise<boolean> {
    try {
      const pages = await this.#thread.run();
      return this.#file.open && (this.#changes < SMALL_REST || pages > LONG_LOG);
    } catch (error) {
      if (errorCode(error) !== '') throw error;
      return this.#file.open;
    }
  }
}
