/**
 * Reads files so that a failed or short read is never taken for what stands in the file: a disk that fails, or a
 * signal, may give fewer bytes than asked for, and only the size of the file says whether its end was reached.
 */
import { fstatSync, readSync } from 'node:fs';

/** Node.js reads less than 2 GB at a time. */
const CHUNK_BYTES = 1024 ** 3;

/**
 * Fills a buffer from a file, from its begin.
 * @throws the system's error; or one that says that the file gave fewer bytes than asked for, which is a fault of the
 *   disk or means that it is shorter
 */
export function readWhole(file: number, into: Buffer): void {
  const count = readUpTo(file, into);
  if (count < into.length) throw new Error(`short read: ${count} of ${into.length} bytes`);
}

/**
 * The first bytes of a file, and its size at that time.
 * @param bytes how many; fewer only if the file has fewer
 * @throws the system's error; or one that says that the file gave fewer bytes than it has
 */
export function readStart(file: number, bytes: number): { size: number; start: Buffer } {
  // The size first: a file that grows meanwhile has what is asked for all the more.
  const { size } = fstatSync(file);
  const start = Buffer.alloc(Math.min(size, bytes));
  const count = readUpTo(file, start);
  if (count === start.length) return { size, start };
  // It was cut between the two.
  if (fstatSync(file).size < start.length) return readStart(file, bytes);
  throw new Error(`short read: ${count} of ${start.length} bytes`);
}

function readUpTo(file: number, into: Buffer): number {
  let at = 0;
  while (at < into.length) {
    const count = readSync(file, into, at, Math.min(into.length - at, CHUNK_BYTES), at);
    if (count === 0) break;
    at += count;
  }
  return at;
}
