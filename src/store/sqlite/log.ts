/**
 * Checks that SQLite's log of changes that are not in the database yet, greyd.db-wal, still holds what was written.
 * SQLite keeps its position in the log in memory: it does not notice that the log was cut
 * or its header overwritten, and what it appends after that is not found after a crash.
 *
 * The format of the log is in sqlite-log-format.ts.
 *
 * A log begins anew with other salts, and other programs may empty it when all of it is in the database.
 *
 * Known limit: the loss may not be noticed if a log is cut, other than to nothing, between the check before a
 * commit and the one after it.
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync } from 'node:fs';
import { errorText } from '../../errors/text.ts';
import { FileHarmedError } from './file-identity.ts';
import { FRAME_SALTS, HEADER_BYTES, HEADER_SALTS, hasHeader, SALTS_BYTES } from './log-format.ts';
import { readStart } from './read-whole.ts';

const FIRST_FRAME_SALTS = HEADER_BYTES + FRAME_SALTS;
/** The header, and the first frame to the end of its salts. */
const START_BYTES = FIRST_FRAME_SALTS + SALTS_BYTES;

/** The known state of the log: its size, and its first START_BYTES bytes or as many as there are. */
interface Look {
  readonly size: number;
  readonly start: Buffer;
}

export class SqliteLog {
  readonly #path: string;
  readonly #file: number;
  #known: Look;
  /** True if frames are lost, so that copying the others into the database would damage it. */
  #isCut = false;

  /** @param path as it is now */
  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'r+');
    this.#known = this.#look();
  }

  /**
   * Takes some microseconds.
   * @returns true if it was emptied since the last check; SQLite knows whether that does harm
   * @throws {FileHarmedError}; or an error of the disk, which says nothing about the log
   */
  check(): boolean {
    const known = this.#known;
    const now = this.#look();
    const isSame = sameHeader(known, now);
    const isShorter = isSame && now.size < known.size;
    // A file that was no log when it was opened is one from the first commit on.
    const isOverwritten = !isSame && now.start.length > 0 && !hasHeader(now.start);
    if (isShorter || isOverwritten) {
      this.#isCut = isShorter || !hasFirstFrameOf(known, now);
      throw new FileHarmedError(`${this.#path} was cut or overwritten`);
    }
    this.#known = now;
    return known.start.length > 0 && now.start.length === 0;
  }

  /**
   * Waits until everything written to it is on disk.
   * @throws {FileHarmedError} if it is not, and never will be: the system does not write it again
   */
  sync(): void {
    try {
      fdatasyncSync(this.#file);
    } catch (error) {
      throw new FileHarmedError(`disk I/O error: ${errorText(error)} (${this.#path})`, {
        cause: error,
      });
    }
  }

  /** Called before SQLite closes its files, at which it copies the log into the database. */
  close(): void {
    try {
      // From an empty log SQLite copies nothing: the database stays as it is since the last copy.
      if (this.#isCut) ftruncateSync(this.#file);
    } finally {
      closeSync(this.#file);
    }
  }

  /**
   * Reads the size first: a log that another program empties or begins anew in the meantime does not count as
   * cut.
   */
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

/** Tells whether the first frame is still one of the known log. */
function hasFirstFrameOf(known: Look, { start }: Look): boolean {
  const salts = start.subarray(FIRST_FRAME_SALTS, START_BYTES);
  return salts.length > 0 && salts.equals(known.start.subarray(HEADER_SALTS, HEADER_SALTS + SALTS_BYTES));
}
