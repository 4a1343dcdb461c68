/**
 * The bytes of SQLite's log, greyd.db-wal (https://sqlite.org/fileformat2.html#the_write_ahead_log):
 *
 *   log :== header frame*      header: 32 bytes, from 0x377f0682 or 0x377f0683; size of a page at 8, two salts at 16,
 *                              checksum of the bytes before it at 24
 *                              frame:  24 bytes and a page; number of the page at 0, at 4 the pages of the database
 *                              after a commit or 0, the salts of the header at 8, checksum over all until here at 16
 */

export const HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;
/** The offsets of the two salts, 8 bytes, in the header of the log and of a frame. */
export const HEADER_SALTS = 16;
export const FRAME_SALTS = 8;
export const SALTS_BYTES = 8;

/** The offsets of the checksum in the header of the log and of a frame. */
const HEADER_CHECKSUM = 24;
const FRAME_CHECKSUM = 16;
/** The number of bytes of a frame's header that its checksum covers, beside the page. */
const FRAME_SUMMED = 8;

type Checksum = readonly [number, number];

/** A frame whose checksum is right. */
export interface Frame {
  /** Counted from 1. */
  readonly page: number;
  readonly content: Buffer;
  /** How many pages the database has after it, if it ends a transaction; else 0. */
  readonly pagesAfterCommit: number;
}

/** Tells whether a log begins with a valid header, by its checksum. */
export function hasHeader(log: Buffer): boolean {
  return headerChecksum(log) !== undefined;
}

/** Returns the frames that belong to the log's header, up to the first one that does not: the rest is older. */
export function* framesOf(log: Buffer): Generator<Frame, void> {
  let sum = headerChecksum(log);
  if (sum === undefined) return;
  const pageBytes = log.readUInt32BE(8);
  const salts = log.subarray(HEADER_SALTS, HEADER_SALTS + SALTS_BYTES);
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    const frame = log.subarray(at, at + frameBytes);
    const content = frame.subarray(FRAME_HEADER_BYTES);
    sum = addTo(addTo(sum, frame.subarray(0, FRAME_SUMMED), log), content, log);
    if (!frame.subarray(FRAME_SALTS, FRAME_SALTS + SALTS_BYTES).equals(salts)) return;
    if (!stands(sum, frame, FRAME_CHECKSUM)) return;
    yield { page: frame.readUInt32BE(0), content, pagesAfterCommit: frame.readUInt32BE(4) };
  }
}

function headerChecksum(log: Buffer): Checksum | undefined {
  if (log.length < HEADER_BYTES || (log.readUInt32BE(0) & ~1) !== 0x377f0682) return undefined;
  const sum = addTo([0, 0], log.subarray(0, HEADER_CHECKSUM), log);
  return stands(sum, log, HEADER_CHECKSUM) ? sum : undefined;
}

/** Adds to a checksum. The checksum is big-endian; its input words are as the fourth byte of the log says. */
function addTo([first, second]: Checksum, bytes: Buffer, log: Buffer): Checksum {
  const isLittleEndian = log[3] !== 0x83;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [sum0, sum1] = [first, second];
  for (let at = 0; at < bytes.byteLength; at += 8) {
    sum0 = (sum0 + words.getUint32(at, isLittleEndian) + sum1) >>> 0;
    sum1 = (sum1 + words.getUint32(at + 4, isLittleEndian) + sum0) >>> 0;
  }
  return [sum0, sum1];
}

function stands([first, second]: Checksum, bytes: Buffer, at: number): boolean {
  return first === bytes.readUInt32BE(at) && second === bytes.readUInt32BE(at + 4);
}
