/**
 * Waits for the locks that other processes hold on the database, a SLICE_MS at a time. SQLite waits in its own
 * code,
 * which cannot be interrupted when greyd stops; between two slices it can.
 *
 * Known limit: where the system fails to lock (EIO on greyd.db-shm), SQLite tries again by itself for up to ten
 * seconds,
 * whatever its busy_timeout is (walTryBeginRead). Nothing here shortens that.
 */
import { errorCode } from './file.ts';

const SLICE_MS = 100;

export class LockWait {
  /** The busy_timeout to set in SQLite, in milliseconds. */
  readonly busyTimeoutMs: number;
  readonly #slices: number;
  readonly #isEnding: () => boolean;

  /**
   * @param limitMs how long work waits for locks, in milliseconds
   * @param isEnding whether greyd is stopping: then locked work fails within a slice
   */
  constructor(limitMs: number, isEnding: () => boolean) {
    this.busyTimeoutMs = Math.min(limitMs, SLICE_MS);
    this.#slices = Math.max(1, Math.round(limitMs / SLICE_MS));
    this.#isEnding = isEnding;
  }

  /**
   * Runs some work, from its beginning in each slice, until it is not locked out.
   * @throws what `work` throws; SQLITE_BUSY when the time is up
   */
  run<Result>(work: () => Result): Result {
    for (let slice = 1; ; slice += 1) {
      try {
        return work();
      } catch (error) {
        const isOver = slice >= this.#slices || this.#isEnding();
        if (isOver || !errorCode(error).startsWith('SQLITE_BUSY')) throw error;
      }
    }
  }
}
