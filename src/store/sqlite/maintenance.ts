/**
 * Maintenance of greyd.db beside the daemon: a copy of it, and a check for damage.
 * Each reads one state of the database, and in WAL mode blocks no writer.
 *
 * Known limits: while it reads, greyd.db-wal cannot begin anew, and grows with each write.
 * SQLite has no checksums: damage inside of a value shows only where it breaks the order of keys.
 */
import { errorText } from '../../errors/text.ts';
import { damageOf, findDamage } from './damage.ts';
import { isDamage, openSqliteFileToRead, refuseNewer, type SqliteFile, versionOf } from './file.ts';
import { WrittenMeanwhileError } from './image.ts';

/** A single damaged page may cause hundreds of problems. */
const MAX_FINDINGS = 10;

export interface StoredRecords {
  readonly triplets: number;
  readonly clients: number;
}

/** The tables of each kind of record, and its name in `record_counts`. */
const KIND_TABLES = {
  triplets: { tables: ['triplets', 'private_triplets'], counted: 'triplet' },
  clients: { tables: ['clients', 'private_clients'], counted: 'client' },
} as const;

/**
 * Writes a copy, in one file without a -wal, to a path where there is nothing yet.
 * @param checkRoom called first with the maximum size of the copy in bytes; it may throw
 * @throws if the database cannot be read or the copy not be written
 */
export function copyDatabase(path: string, to: string, checkRoom: (bytes: number) => void): StoredRecords {
  try {
    reading(path, (file) => {
      checkRoom(numberOf(file, 'page_count') * numberOf(file, 'page_size'));
      // The caller syncs a copy that it wants to keep: daemons wait for the same disk.
      file.pragma('synchronous = OFF');
      file.prepare('VACUUM INTO ?').run(to);
    });
    return reading(to, countRecords);
  } catch (error) {
    const advice = isDamage(error) ? ', see greyctl check' : '';
    throw new Error(`cannot copy ${path}: ${errorText(error)}${advice}`);
  }
}

export interface Soundness {
  /** The damage, one line each, at most MAX_FINDINGS. */
  readonly damage: readonly string[];
  /** undefined: the records cannot be counted. */
  readonly counts: StoredRecords | undefined;
}

/**
 * Reads all of a database. Apparent damage is checked once more: a failed read looks the same.
 * @throws an error that says why it cannot be read
 */
export function inspectDatabase(path: string): Soundness {
  const found = inspectOnce(path);
  if (found.damage.length === 0 || isFoundDamaged(path)) return found;
  return inspectOnce(path);
}

function inspectOnce(path: string): Soundness {
  try {
    // One transaction sees one state, so that a write in the meantime is not taken for damage.
    return reading(path, (file) => file.transaction(() => inspectFile(file))());
  } catch (error) {
    const { message } = error as Error;
    if (isDamage(error)) return { damage: [message], counts: undefined };
    throw new Error(`cannot read ${path}: ${message}`);
  }
}

function isFoundDamaged(path: string): boolean {
  try {
    return damageOf(path) !== undefined;
  } catch (error) {
    // The disk fails. A write of greyd in the meantime proves nothing.
    if (!(error instanceof WrittenMeanwhileError))
      throw new Error(`cannot read ${path}: ${errorText(error)}`);
    return false;
  }
}

function inspectFile(file: SqliteFile): Soundness {
  refuseNewer(file);
  if (versionOf(file) === 0) throw new Error('it holds no tables of greyd');
  const damage = findDamage(file, MAX_FINDINGS);
  if (damage.length > 0) return { damage, counts: undefined };
  const counts = countRecords(file);
  return { damage: compareWithCounted(file, counts), counts };
}

/** Compares with the counts that the database keeps itself, in `record_counts`. */
function compareWithCounted(file: SqliteFile, counts: StoredRecords): string[] {
  const counted = file.prepare<[string], number>('SELECT records FROM record_counts WHERE kind = ?').pluck();
  return (['triplets', 'clients'] as const)
    .map((kind) => ({
      kind,
      there: counts[kind],
      noted: counted.get(KIND_TABLES[kind].counted) ?? 'no number of',
    }))
    .filter(({ there, noted }) => there !== noted)
    .map(({ kind, there, noted }) => `record_counts says ${noted} ${kind}, but there are ${there}`);
}

function countRecords(file: SqliteFile): StoredRecords {
  const count = (table: string) => Number(file.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  const sum = (tables: readonly string[]) => tables.map(count).reduce((a, b) => a + b);
  return { triplets: sum(KIND_TABLES.triplets.tables), clients: sum(KIND_TABLES.clients.tables) };
}

function numberOf(file: SqliteFile, pragma: string): number {
  return Number(file.pragma(pragma, { simple: true }));
}

function reading<Result>(path: string, action: (file: SqliteFile) => Result): Result {
  const file = openSqliteFileToRead(path);
  try {
    return action(file);
  } finally {
    file.close();
  }
}
