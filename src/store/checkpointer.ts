/**
 * When the log is copied into the database: after so many changes, by a thread of its own, beside the
 * transactions that go on. The log can begin anew only when all of it is copied at the moment of a
 * commit (https://sqlite.org/wal.html#ckpt): for that, the rest that has come meanwhile is copied here,
 * between two transactions, when it is small or the log is long.
 *
 * Known limit: who cuts the log in the milliseconds in which it is being copied may have damaged the
 * database; that is found afterwards, and it is set aside.
 */
import { CheckpointThread } from './checkpoint-thread.ts';
import type { KnownFiles } from './file-identity.ts';
import { checkpoint, errorCode, type SqliteFile } from './sqlite-file.ts';

/** Each is a page or so, somewhere in the file. */
const CHECKPOINT_CHANGES = 1000;
/** A rest of so many changes is small: it takes a millisecond or two. Under load there is always more. */
const SMALL_REST = 50;
/** A log of so many pages, 64 MB, is long. */
const LONG_LOG = 16_000;

export interface CheckpointParts {
  /** Of the database, as they were opened. */
  readonly files: KnownFiles;
  /** Throws if the files are not what they should be: harm must not be copied. */
  readonly checkFiles: () => void;
  /** Told of what has failed. What is in the log and was not copied is there still. */
  readonly failed: (error: unknown) => void;
}

export class Checkpointer {
  readonly #file: SqliteFile;
  readonly #parts: CheckpointParts;
  readonly #thread: CheckpointThread;
  /** Changes since the last one began. */
  #changes = 0;
  #isCopying = false;

  constructor(file: SqliteFile, parts: CheckpointParts) {
    this.#file = file;
    this.#parts = parts;
    this.#thread = new CheckpointThread({ path: file.name, files: parts.files });
  }

  /** Notes changes that were committed; to be called between two transactions. */
  changed(changes: number): void {
    this.#changes += changes;
    if (this.#changes >= CHECKPOINT_CHANGES && !this.#isCopying) void this.#copy();
  }

  /** Waits for the copy under way. */
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

  /** Has the thread copy, and says whether what is left is to be copied here; if it cannot, all of it. */
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
