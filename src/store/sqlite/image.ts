/**
 * The whole of greyd.db in memory, as SQLite sees it, read by greyd itself:
 *
 *   page :== its newest frame in the log, up to the last commit there; else the page in the file
 *
 * SQLite reports some failed reads as damage, and takes the rest of a short one for zeros. An image that was read
 * without an error can be checked without another read.
 *
 * All is read twice: a write in the meantime would leave a mixture of two states.
 *
 * Known limit: the image has to fit into memory, three times for a moment; 10 million triplets are about 2 GB.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { framesOf } from './log-format.ts';
import { holdsJust, readWhole } from './read-whole.ts';

/**
 * The offset in the header of a database of its write version: 2 with a log, 1 without
 * (https://sqlite.org/fileformat2.html).
 */
const WRITE_VERSION = 18;
const READ_VERSION = 19;
const PAGE_SIZE = 16;
/** SQLite's own bounds. */
const MIN_PAGE_BYTES = 512;
const MAX_PAGE_BYTES = 65_536;

/** The file was written to while it was read, so that the image is of no single moment. */
export class WrittenMeanwhileError extends Error {
  override readonly name = 'WrittenMeanwhileError';
}

/** The file does not fit into memory. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/**
 * @param path of the database
 * @param room in memory, in bytes
 * @returns a database without a log, for `openSqliteImage`; of no bytes if there is nothing in it
 * @throws {WrittenMeanwhileError | TooLargeError}; or an error if a file cannot be read whole
 */
export function readSqliteImage(path: string, room: number): Buffer {
  return withFile(path, (databaseFile) =>
    withFile(`${path}-wal`, (logFile) => {
      const database = readAll(path, databaseFile, room);
      const log = readAll(`${path}-wal`, logFile, room);
      const isSame = holdsJust(databaseFile, database) && holdsJust(logFile, log);
      if (!isSame) throw new WrittenMeanwhileError(`${path} was written to while it was read`);
      return imageOf(database, log);
    }),
  );
}

function imageOf(database: Buffer, log: Buffer): Buffer {
  // SQLite ignores the log of an empty database.
  if (database.length === 0) return database;
  const [frames, pages] = committedFrames(log);
  const pageBytes = frames[0]?.content.length ?? pageBytesOf(database);
  // Without a commit in the log the file counts, to the end of its last page.
  const bytes = pages > 0 ? pages * pageBytes : Math.ceil(database.length / pageBytes) * pageBytes;
  const image = Buffer.alloc(bytes);
  database.copy(image);
  for (const { page, content } of frames) if (page <= pages) content.copy(image, (page - 1) * pageBytes);
  if (image.length > READ_VERSION && image[WRITE_VERSION] === 2)
    image.fill(1, WRITE_VERSION, READ_VERSION + 1);
  return image;
}

/** Returns the frames of all finished transactions, and how many pages the database has after them. */
function committedFrames(log: Buffer) {
  const frames = [];
  let [committed, pages] = [0, 0];
  for (const frame of framesOf(log)) {
    frames.push(frame);
    if (frame.pagesAfterCommit === 0) continue;
    committed = frames.length;
    pages = frame.pagesAfterCommit;
  }
  return [frames.slice(0, committed), pages] as const;
}

function pageBytesOf(database: Buffer): number {
  const bytes = database.length > PAGE_SIZE + 1 ? database.readUInt16BE(PAGE_SIZE) : 0;
  // 65,536 does not fit into two bytes, and is written as 1. For a file that is no database any size will do.
  return bytes === 1 ? MAX_PAGE_BYTES : Math.max(bytes, MIN_PAGE_BYTES);
}

/** @param use gets undefined for a log that does not exist, which counts as empty */
function withFile<Result>(path: string, use: (file: number | undefined) => Result): Result {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (path.endsWith('-wal') && (error as NodeJS.ErrnoException).code === 'ENOENT') return use(undefined);
    throw error;
  }
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

function readAll(path: string, file: number | undefined, room: number): Buffer {
  if (file === undefined) return Buffer.alloc(0);
  const { size } = fstatSync(file);
  // Room for this, the image, and SQLite's copy of it.
  if (3 * size > room)
    throw new TooLargeError(
      `not enough memory to check ${path}, which has ${Math.ceil(size / 1024 ** 2)} MB`,
    );
  const bytes = Buffer.allocUnsafeSlow(size);
  readWhole(file, bytes);
  return bytes;
}
