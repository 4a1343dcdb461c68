/**
 * Whether SQLite's log of what is not in the database yet, greyd.db-wal, still holds what was written.
 * SQLite keeps in memory where in the log it writes: it does not notice that somebody has cut the log
 * or overwritten its header, and whatever it appends behind that is not found after a crash.
 *
 *   log :== header frame*      header: 32 bytes, from 0x377f0682 or 0x377f0683; two salts at 16, their checksum at 24
 *                              frame:  24 bytes and a page; the salts of its header at 8
 *
 * A log begins anew with other salts, and other programs may empty it when all of it is in the database.
 *
 * Known limit: of a log that is cut, other than to nothing, in the moment between the look before a
 * commit and the one after it, the loss may not be seen.
 */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { FileHarmedError } from './file-identity.ts';

const HEADER_BYTES = 32;
/** Of the words before it, whose order of bytes the fourth byte tells. It stands as big-endian itself. */
const CHECKSUM_AT = 24;
const FIRST_FRAME_SALTS = HEADER_BYTES + 8;
/** The header, and the first frame to the end of its salts. */
const START_BYTES = FIRST_FRAME_SALTS + 8;

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
   * @throws {FileHarmedError}
   */
  check(): boolean {
    const known = this.#known;
    const now = this.#look();
    const isSame = sameHeader(known, now);
    const isShorter = isSame && now.size < known.size;
    // What was no log when it was opened is one from the first commit on.
    const isOverwritten = !isSame && now.start.length > 0 && !hasHeader(now);
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

  /** The size first: a log that another program empties or begins anew meanwhile is not taken for a cut one. */
  #look(): Look {
    const { size } = fstatSync(this.#file);
    const start = Buffer.alloc(START_BYTES);
    return { size, start: start.subarray(0, readSync(this.#file, start, 0, START_BYTES, 0)) };
  }
}

/** Whether it begins as a log does, with the checksum over the other bytes of its header. */
function hasHeader({ start }: Look): boolean {
  if (start.length < HEADER_BYTES || (start.readUInt32BE(0) & ~1) !== 0x377f0682) return false;
  const isBigEndian = start[3] === 0x83;
  const word = (at: number) => (isBigEndian ? start.readUInt32BE(at) : start.readUInt32LE(at));
  let [sum0, sum1] = [0, 0];
  for (let at = 0; at < CHECKSUM_AT; at += 8) {
    sum0 = (sum0 + word(at) + sum1) >>> 0;
    sum1 = (sum1 + word(at + 4) + sum0) >>> 0;
  }
  return sum0 === start.readUInt32BE(CHECKSUM_AT) && sum1 === start.readUInt32BE(CHECKSUM_AT + 4);
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
  return salts.length > 0 && salts.equals(known.start.subarray(16, 24));
}
