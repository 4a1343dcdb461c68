/**
 * The records in greyd.db: their tables, reading them, and walks over all of them.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Key, PlainKey } from '../../greylist/keys.ts';
import type { ClientRecord, RecordOf, TripletRecord } from '../../greylist/records.ts';
import type { Entry, RecordCounts, RecordsOf, StoreSize } from '../store.ts';
import type { SqliteFile } from './file.ts';
import { type Digest, readPrivacy } from './privacy.ts';
import { type KeyColumn, RowVisitor, SqliteTable } from './table.ts';

/** The table of each kind of record. */
type Tables = Readonly<Record<Key['kind'], SqliteTable>>;

/** The table and key columns of a record. */
export interface TablePlace {
  readonly kind: Key['kind'];
  readonly table: SqliteTable;
  readonly columns: readonly KeyColumn[];
}

export class SqliteRecords {
  /** True if the daemon that used the file last ran with --privacy; undefined: none did yet. */
  readonly privacy: boolean | undefined;
  readonly #digest: Digest;
  readonly #plain: Tables;
  readonly #private: Tables;
  readonly #countTriplets;
  readonly #counts;

  /** @param digest stored in place of a key with --privacy */
  constructor(file: SqliteFile, digest: Digest) {
    this.privacy = readPrivacy(file);
    this.#digest = digest;
    const visitor = new RowVisitor(file);
    this.#plain = {
      triplet: new SqliteTable(
        file,
        visitor,
        'triplets',
        ['client_network', 'sender', 'recipient'],
        ['first_seen', 'last_seen'],
      ),
      client: new SqliteTable(file, visitor, 'clients', ['client_address'], ['count', 'last_seen']),
    };
    this.#private = {
      triplet: new SqliteTable(file, visitor, 'private_triplets', ['digest'], ['first_seen', 'last_seen']),
      client: new SqliteTable(file, visitor, 'private_clients', ['digest'], ['count', 'last_seen']),
    };
    this.#countTriplets = file
      .prepare<[], number>("SELECT records FROM record_counts WHERE kind = 'triplet'")
      .pluck();
    this.#counts = file
      .prepare<[], [kind: Key['kind'], records: number]>('SELECT kind, records FROM record_counts')
      .raw();
  }

  /** The number of records of each kind, including expired ones; takes no time. */
  get counts(): RecordCounts {
    return { triplet: 0, client: 0, ...Object.fromEntries(this.#counts.all()) };
  }

  /** How much is stored, counted when it is read. */
  get size(): StoreSize {
    const count = this.#countTriplets;
    return {
      get triplets() {
        return count.get() ?? 0;
      },
    };
  }

  /** Returns the tables in which records of a kind may be. */
  tablesOf(kind: Key['kind']): readonly SqliteTable[] {
    return [this.#plain[kind], this.#private[kind]];
  }

  /** Returns the places of records; with --privacy these need digests. */
  placesOf(keys: readonly Key[]): readonly TablePlace[] {
    return keys.map((key) => {
      const { kind } = key;
      return this.privacy || 'sha1' in key
        ? { kind, table: this.#private[kind], columns: [this.#digest(key)] }
        : { kind, table: this.#plain[kind], columns: plainColumns(key) };
    });
  }

  /** Returns the records of some keys, in order. */
  read<const Keys extends readonly Key[]>(keys: Keys, places = this.placesOf(keys)): RecordsOf<Keys> {
    const records = places.map(({ kind, table, columns }) => {
      const numbers = table.get(columns);
      return numbers && toRecord(kind, numbers);
    });
    // They are in the order of the keys, each of the kind of its key.
    return records as unknown as RecordsOf<Keys>;
  }

  /** @param record null: deletes the current one */
  save({ table, columns }: TablePlace, record: TripletRecord | ClientRecord | null): void {
    if (record === null) table.delete(columns);
    else table.put(columns, ...toNumbers(record));
  }

  /** Returns all records of one kind with readable keys, a slice at each step. */
  *entries(kind: Key['kind']): Generator<readonly Entry[], void> {
    const table = this.#plain[kind];
    let after: readonly KeyColumn[] | undefined;
    do {
      const entries: Entry[] = [];
      after = table.walkSlice(after, (first, second, ...columns) => {
        entries.push([toKey(kind, columns), toRecord(kind, [first, second])]);
      });
      yield entries;
    } while (after !== undefined);
  }
}

/** Walks with a turn of the event loop after each slice: signals are handled, and output is written. */
export async function* inTurns<Item>(slices: Iterable<Item>): AsyncGenerator<Item, void> {
  for (const slice of slices) {
    yield slice;
    await turn();
  }
}

function plainColumns(key: PlainKey): readonly KeyColumn[] {
  return key.kind === 'triplet' ? [key.clientNetwork, key.sender, key.recipient] : [key.clientAddress];
}

/** @param columns of a plain table, in their order */
function toKey(kind: Key['kind'], columns: readonly KeyColumn[]): PlainKey {
  const [first = '', sender = '', recipient = ''] = columns.map(String);
  return kind === 'triplet'
    ? { kind, clientNetwork: first, sender, recipient }
    : { kind, clientAddress: first };
}

function toRecord(kind: Key['kind'], [first, second]: readonly [number, number]): RecordOf<Key> {
  return kind === 'triplet' ? { first, last: second } : { count: first, last: second };
}

function toNumbers(record: TripletRecord | ClientRecord): [number, number] {
  return 'first' in record ? [record.first, record.last] : [record.count, record.last];
}
