/**
 * Tells whether greyd.db is damaged, so that only a new one helps. SQLite's own error codes do not tell: on some
 * disks a failed read is reported as SQLITE_CORRUPT too (EIO becomes SQLITE_IOERR_CORRUPTFS, and that
 * SQLITE_CORRUPT, see https://sqlite.org/rescode.html#ioerr_corruptfs). So the file is read once more, into
 * memory, and
 * what SQLite finds wrong there is wrong.
 */
import { closeSync, lstatSync, openSync } from 'node:fs';
import { freemem } from 'node:os';
import { errorText } from '../../errors/text.ts';
import { SqliteDecisions } from './decisions.ts';
import { errorCode, openSqliteFileToRead, openSqliteImage, refuseNewer, type SqliteFile } from './file.ts';
import { readSqliteImage, TooLargeError } from './image.ts';
import { prepareFile } from './prepare.ts';
import { readThrough } from './read-whole.ts';
import { SqliteRecords } from './records.ts';

/** SQLite's codes for a file that is no database of greyd, when memory and all reads are in order. */
const IS_DAMAGE = /^SQLITE_(CORRUPT|NOTADB|ERROR|FORMAT|CONSTRAINT|MISMATCH)/;

/**
 * Reads all of the database and checks it: a second for a few hundred thousand triplets.
 * @param room in memory, in bytes; a larger file is checked on disk
 * @returns what is wrong with it; undefined: it is sound. An empty one, which opens as a new one, is not sound
 * @throws if it cannot be read, is written to at the same time, or is of a newer greyd: then nothing is known
 */
export function damageOf(path: string, room = freemem()): string | undefined {
  let image: Buffer;
  try {
    image = readSqliteImage(path, room);
  } catch (error) {
    if (error instanceof TooLargeError) return damageInPlace(path);
    throw error;
  }
  return image.length === 0 ? 'it is empty' : inspect(openSqliteImage(image));
}

function inspect(file: SqliteFile): string | undefined {
  try {
    refuseNewer(file);
    const [damage] = findDamage(file, 1);
    if (damage !== undefined || file.readonly) return damage;
    // Changes of another program to its tables may be beyond repair: prepare it here as it will be used.
    prepareFile(file);
    new SqliteRecords(file, () => Buffer.alloc(0));
    new SqliteDecisions(file);
    return undefined;
  } catch (error) {
    if (IS_DAMAGE.test(errorCode(error))) return errorText(error);
    throw error;
  } finally {
    file.close();
  }
}

/**
 * Checks a file too large for memory: damage counts if SQLite reports it twice, and all of the file can be read
 * before,
 * between and after.
 */
function damageInPlace(path: string): string | undefined {
  requireReadableDatabase(path);
  const damage = inspect(openSqliteFileToRead(path));
  if (damage === undefined) return undefined;
  requireReadableDatabase(path);
  const again = inspect(openSqliteFileToRead(path));
  requireReadableDatabase(path);
  if (again !== damage) throw new Error(`checks of ${path} do not agree: ${damage}; ${again ?? 'ok'}`);
  return damage;
}

function requireReadableDatabase(path: string): void {
  for (const name of [path, `${path}-wal`]) {
    if (name !== path && lstatSync(name, { throwIfNoEntry: false }) === undefined) continue;
    const file = openSync(name, 'r');
    try {
      readThrough(file);
    } finally {
      closeSync(file);
    }
  }
}

/**
 * Runs SQLite's own check of pages, order of keys, and types.
 * @param max maximum number of problems to report, at least 1
 * @returns the problems, a line each
 */
export function findDamage(file: SqliteFile, max: number): string[] {
  const texts = file.prepare<[], string>(`PRAGMA integrity_check(${max})`).pluck().all();
  // Its one line is `ok` if it has found nothing.
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line !== 'ok' && !line.startsWith('*** in database'));
}
