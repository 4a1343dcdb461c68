/**
 * Whether greyd.db is damaged, so that nothing but a new one helps. SQLite's own error codes do not tell: with some
 * disks a read that fails is reported as SQLITE_CORRUPT too (EIO becomes SQLITE_IOERR_CORRUPTFS, and that
 * SQLITE_CORRUPT, as https://sqlite.org/rescode.html#ioerr_corruptfs has it). So it is read once more, into memory, and
 * what SQLite finds wrong there is wrong.
 */
import { SqliteDecisions } from './sqlite-decisions.ts';
import { errorCode, openSqliteImage, prepareFile, refuseNewer, type SqliteFile } from './sqlite-file.ts';
import { readSqliteImage } from './sqlite-image.ts';
import { SqliteRecords } from './sqlite-records.ts';

/** What SQLite says of a file that is no database of greyd, when memory and all reads are in order. */
const IS_DAMAGE = /^SQLITE_(CORRUPT|NOTADB|ERROR|FORMAT|CONSTRAINT|MISMATCH)/;

/**
 * Reads all of the database and checks it: a second for a few hundred thousand triplets. Nothing may write to it
 * meanwhile.
 * @returns what is wrong with it; undefined: it is sound. An empty one, which opens as a new one, is not sound
 * @throws if it cannot be read, or is of a newer greyd: then nobody knows
 */
export function damageOf(path: string): string | undefined {
  const image = readSqliteImage(path);
  if (image.length === 0) return 'it is empty';
  const file = openSqliteImage(image);
  try {
    refuseNewer(file);
    const [damage] = findDamage(file, 1);
    if (damage !== undefined) return damage;
    // Whoever has broken its tables has harmed it as well: it is used here as it will be used.
    prepareFile(file);
    new SqliteRecords(file, () => Buffer.alloc(0));
    new SqliteDecisions(file);
    return undefined;
  } catch (error) {
    if (IS_DAMAGE.test(errorCode(error))) return (error as Error).message;
    throw error;
  } finally {
    file.close();
  }
}

/**
 * SQLite's own check of pages, order of keys, and types.
 * @param max how many findings, at least 1
 * @returns what is wrong, a line each
 */
export function findDamage(file: SqliteFile, max: number): string[] {
  const texts = file.prepare<[], string>(`PRAGMA integrity_check(${max})`).pluck().all();
  // Its one line is `ok` if it has found nothing.
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line !== 'ok' && !line.startsWith('*** in database'));
}
