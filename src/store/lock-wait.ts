/**
 * Waits for the locks that other processes hold on the database, a SLICE_MS at a time. SQLite waits in its own code,
 * where nobody can tell it that greyd ends; between two slices somebody can.
 *
 * Known limit: where the system fails to lock (EIO on greyd.db-shm), SQLite tries again by itself for up to ten seconds,
 * whatever its busy_timeout is (walTryBeginRead). Nothing here shortens that.
 */
import { errorCode } from './sqlite-file.ts';

const SLICE_MS = 100;

export class LockWait {
  /** What SQLite's busy_timeout is to be meanwhile, in milliseconds. */
  readonly busyTimeoutMs: number;
  readonly #slices: number;
  readonly #isEnding: () => boolean;

  /**
   * @param limitMs how long work waits, in milliseconds
   * @param isEnding whether nobody waits any more: then what is locked fails within a slice
   */
  constructor(limitMs: number, isEnding: () => boolean) {
    this.busyTimeoutMs = Math.min(limitMs, SLICE_MS);
    this.#slices = Math.max(1, Math.round(limitMs / SLICE_MS));
    this.#isEnding = isEnding;
  }

  /**
   * Does some work, from its beginning in each slice, until nobody locks it out.
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
