/**
 * The records in greyd.db: where each of them stands, how it is read, and walks over all of them.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Key, PlainKey } from '../greylist/keys.ts';
import type { ClientRecord, RecordOf, TripletRecord } from '../greylist/records.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { type Digest, readPrivacy } from './sqlite-privacy.ts';
import { type KeyColumn, RowVisitor, SqliteTable } from './sqlite-table.ts';
import type { Entry, RecordCounts, RecordsOf, StoreSize } from './store.ts';

/** The table of each kind of record. */
type Tables = Readonly<Record<Key['kind'], SqliteTable>>;

/** Where a record stands. */
export interface Place {
  readonly kind: Key['kind'];
  readonly table: SqliteTable;
  readonly columns: readonly KeyColumn[];
}

export class SqliteRecords {
  /** Whether the daemon that used the file last ran with --privacy; undefined: none did yet. */
  readonly privacy: boolean | undefined;
  readonly #digest: Digest;
  readonly #plain: Tables;
  readonly #private: Tables;
  readonly #countTriplets;
  readonly #counts;

  /** @param digest what stands in place of a key with --privacy */
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

  /** How many records of each kind there are, expired ones among them; it takes no time. */
  get counts(): RecordCounts {
    return { triplet: 0, client: 0, ...Object.fromEntries(this.#counts.all()) };
  }

  /** How much is stored, at the moment at which it is looked at. */
  get size(): StoreSize {
    const count = this.#countTriplets;
    return {
      get triplets() {
        return count.get() ?? 0;
      },
    };
  }

  /** Of a kind, the tables in which records may be. */
  tablesOf(kind: Key['kind']): readonly SqliteTable[] {
    return [this.#plain[kind], this.#private[kind]];
  }

  /** Where records stand; with --privacy that takes digests. */
  placesOf(keys: readonly Key[]): readonly Place[] {
    return keys.map((key) => {
      const { kind } = key;
      return this.privacy || 'sha1' in key
        ? { kind, table: this.#private[kind], columns: [this.#digest(key)] }
        : { kind, table: this.#plain[kind], columns: plainColumns(key) };
    });
  }

  /** The records of some keys, in their order. */
  read<const Keys extends readonly Key[]>(keys: Keys, places = this.placesOf(keys)): RecordsOf<Keys> {
    const records = places.map(({ kind, table, columns }) => {
      const numbers = table.get(columns);
      return numbers && toRecord(kind, numbers);
    });
    // They are in the order of the keys, each of the kind of its key.
    return records as unknown as RecordsOf<Keys>;
  }

  /** @param record null: deletes what is there */
  save({ table, columns }: Place, record: TripletRecord | ClientRecord | null): void {
    if (record === null) table.delete(columns);
    else table.put(columns, ...toNumbers(record));
  }

  /** All records of one kind whose keys can be read, a slice at each step. */
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

/** A walk that lets the event loop have its turn after each slice: signals come through, and output goes out. */
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
