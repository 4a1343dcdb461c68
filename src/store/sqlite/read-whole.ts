/**
 * Reads files so that a failed or short read is never taken for the content of the file: a failing disk, or a
 * signal, may return fewer bytes than requested, and only the size of the file shows whether its end was reached.
 */
import { fstatSync, readSync } from 'node:fs';

/** Node.js reads less than 2 GB at a time. */
const CHUNK_BYTES = 1024 ** 3;
/** Files that are only read through are read in parts of this size. */
const PART_BYTES = 16 * 1024 ** 2;

/**
 * Fills a buffer from the start of a file.
 * @throws the system's error; or one that says that the file returned fewer bytes than requested: a fault of the
 *   disk, or the file is shorter
 */
export function readWhole(file: number, into: Buffer): void {
  const count = readUpTo(file, into);
  if (count < into.length) throw new Error(`short read: ${count} of ${into.length} bytes`);
}

/**
 * Tells whether a file still holds exactly these bytes.
 * @param file undefined: a file that did not exist, and may exist now
 * @throws as `readWhole`
 */
export function holdsJust(file: number | undefined, bytes: Buffer): boolean {
  if (file === undefined) return true;
  const part = Buffer.allocUnsafeSlow(Math.min(bytes.length, PART_BYTES));
  for (let at = 0; at < bytes.length; at += part.length) {
    const expected = bytes.subarray(at, at + part.length);
    const found = part.subarray(0, expected.length);
    if (readUpTo(file, found, at) < found.length || !found.equals(expected)) return false;
  }
  return fstatSync(file).size === bytes.length;
}

/**
 * Reads a file to its end.
 * @throws as `readWhole`
 */
export function readThrough(file: number): void {
  const { size } = fstatSync(file);
  const part = Buffer.allocUnsafeSlow(Math.min(size, PART_BYTES));
  for (let at = 0; at < size; at += part.length) {
    const expected = Math.min(part.length, size - at);
    if (readUpTo(file, part.subarray(0, expected), at) < expected)
      throw new Error(`short read of ${expected} bytes at ${at}`);
  }
}

/**
 * Returns the first bytes of a file, and its size at that time.
 * @param bytes how many; fewer only if the file has fewer
 * @throws the system's error; or one that says that the file returned fewer bytes than it has
 */
export function readStart(file: number, bytes: number): { size: number; start: Buffer } {
  // The size first: a file that grows in the meantime has enough bytes all the more.
  const { size } = fstatSync(file);
  const start = Buffer.alloc(Math.min(size, bytes));
  const count = readUpTo(file, start);
  if (count === start.length) return { size, start };
  // It was cut between the two.
  if (fstatSync(file).size < start.length) return readStart(file, bytes);
  throw new Error(`short read: ${count} of ${start.length} bytes`);
}

function readUpTo(file: number, into: Buffer, from = 0): number {
  let at = 0;
  while (at < into.length) {
    const count = readSync(file, into, at, Math.min(into.length - at, CHUNK_BYTES), from + at);
    if (count === 0) break;
    at += count;
  }
  return at;
}
