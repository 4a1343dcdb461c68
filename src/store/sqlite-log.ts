/**
 * Whether SQLite's log of what is not in the database yet, greyd.db-wal, still holds what was written.
 * SQLite keeps in memory where in the log it writes: it does not notice that somebody has cut the log
 * or overwritten its header, and whatever it appends behind that is not found after a crash.
 *
 * What stands where in it is in sqlite-log-format.ts.
 *
 * A log begins anew with other salts, and other programs may empty it when all of it is in the database.
 *
 * Known limit: of a log that is cut, other than to nothing, in the moment between the look before a
 * commit and the one after it, the loss may not be seen.
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync } from 'node:fs';
import { FileHarmedError } from './file-identity.ts';
import { readStart } from './read-whole.ts';
import { FRAME_SALTS, HEADER_BYTES, HEADER_SALTS, hasHeader, SALTS_BYTES } from './sqlite-log-format.ts';

const FIRST_FRAME_SALTS = HEADER_BYTES + FRAME_SALTS;
/** The header, and the first frame to the end of its salts. */
const START_BYTES = FIRST_FRAME_SALTS + SALTS_BYTES;

/** What is known of the log: its size, and its first START_BYTES bytes or as many as there are. */
interface Look {
  readonly size: number;
  readonly start: Buffer;
}

export class SqliteLog {
  readonly #path: string;
  readonly #file: number;
  #known: Look;
  /** Frames are lost, so that to copy the others into the database would damage it. */
  #isCut = false;

  /** @param path as it stands now */
  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'r+');
    this.#known = this.#look();
  }

  /**
   * Takes some microseconds.
   * @returns whether it was emptied since the last look; it is for SQLite to say whether that is harm
   * @throws {FileHarmedError}; or an error of the disk, which says nothing about the log
   */
  check(): boolean {
    const known = this.#known;
    const now = this.#look();
    const isSame = sameHeader(known, now);
    const isShorter = isSame && now.size < known.size;
    // What was no log when it was opened is one from the first commit on.
    const isOverwritten = !isSame && now.start.length > 0 && !hasHeader(now.start);
    if (isShorter || isOverwritten) {
      this.#isCut = isShorter || !hasFirstFrameOf(known, now);
      throw new FileHarmedError(`${this.#path} was cut or overwritten`);
    }
    this.#known = now;
    return known.start.length > 0 && now.start.length === 0;
  }

  /**
   * Waits until all that was written to it is on disk.
   * @throws {FileHarmedError} if it is not, and never will be: the system does not write it again
   */
  sync(): void {
    try {
      fdatasyncSync(this.#file);
    } catch (error) {
      throw new FileHarmedError(`disk I/O error: ${(error as Error).message} (${this.#path})`, {
        cause: error,
      });
    }
  }

  /** To be called before SQLite closes its files, at which it copies the log into the database. */
  close(): void {
    try {
      // From an empty log SQLite copies nothing: the database stays as it is since the last copy.
      if (this.#isCut) ftruncateSync(this.#file);
    } finally {
      closeSync(this.#file);
    }
  }

  /** The size comes first: a log that another program empties or begins anew meanwhile is not taken for a cut one. */
  #look(): Look {
    return readStart(this.#file, START_BYTES);
  }
}

function sameHeader(one: Look, other: Look): boolean {
  return headerOf(one).equals(headerOf(other));
}

function headerOf({ start }: Look): Buffer {
  return start.subarray(0, HEADER_BYTES);
}

/** Whether the first frame is still one of the log that was known. */
function hasFirstFrameOf(known: Look, { start }: Look): boolean {
  const salts = start.subarray(FIRST_FRAME_SALTS, START_BYTES);
  return salts.length > 0 && salts.equals(known.start.subarray(HEADER_SALTS, HEADER_SALTS + SALTS_BYTES));
}
