/**
 * The embedded store: greyd.db in SQLite.
 *
 * Group commit: all updates that arrive in one turn of the event loop share one transaction, and
 * so one wait for the disk. Each of them still sees what those before it have saved. A step that
 * fails takes only its own update with it; an error of the database fails the whole group.
 *
 * Known limit: SQLite works on the daemon's own thread; while the disk writes, requests wait in
 * their sockets and make up the next group.
 */
import { join } from 'node:path';
import type { Key } from '../greylist/keys.ts';
import type { ClientRecord, RecordOf, TripletRecord } from '../greylist/records.ts';
import type { Digest } from './private-keys.ts';
import { isBusy, openSqliteFile, type SqliteFile } from './sqlite-file.ts';
import { hidePlainRecords } from './sqlite-privacy.ts';
import { type KeyColumn, SqliteTable } from './sqlite-table.ts';
import type { ExpiryRule, RecordsOf, Slice, StepOutcome, Store } from './store.ts';

/** While another process holds the lock: pause between two tries, in milliseconds, ... */
const BUSY_PAUSE_MS = 20;
/** ... and how many tries a group gets (two seconds' worth) before it fails. */
const MAX_BUSY_TRIES = 100;

/** An update that waits for the next transaction. A connection has at most one, which bounds them. */
interface Waiting {
  /** Does its part of the transaction; what it returns settles its promise once that is durable. */
  readonly run: () => () => void;
  readonly fail: (error: unknown) => void;
}

/** Where the record of one key stands. */
interface Place {
  readonly table: SqliteTable;
  readonly columns: readonly KeyColumn[];
}

/**
 * Opens DBDIR/greyd.db; it is made if absent.
 * @param digest makes the keys private; undefined: they are stored as they are
 * @throws if it cannot be opened, or is of a newer greyd
 */
export function openSqliteStore(dbdir: string, digest: Digest | undefined): SqliteStore {
  const file = openSqliteFile(join(dbdir, 'greyd.db'));
  if (digest !== undefined) hidePlainRecords(file, digest);
  return new SqliteStore(file, digest);
}

export class SqliteStore implements Store {
  readonly #file: SqliteFile;
  readonly #digest: Digest | undefined;
  readonly #tables;
  readonly #begin;
  readonly #commit;
  readonly #rollback;
  #waiting: Waiting[] = [];
  #busyTries = 0;

  constructor(file: SqliteFile, digest: Digest | undefined) {
    this.#file = file;
    this.#digest = digest;
    this.#tables = {
      triplets: new SqliteTable(
        file,
        'triplets',
        ['client_network', 'sender', 'recipient'],
        ['first_seen', 'last_seen'],
      ),
      clients: new SqliteTable(file, 'clients', ['client_address'], ['count', 'last_seen']),
      privateTriplets: new SqliteTable(file, 'private_triplets', ['digest'], ['first_seen', 'last_seen']),
      privateClients: new SqliteTable(file, 'private_clients', ['digest'], ['count', 'last_seen']),
    };
    this.#begin = file.prepare('BEGIN IMMEDIATE');
    this.#commit = file.prepare('COMMIT');
    this.#rollback = file.prepare('ROLLBACK');
  }

  update<const Keys extends readonly Key[], Result>(
    keys: Keys,
    step: (before: RecordsOf<Keys>) => StepOutcome<Keys, Result>,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const run = () => {
        const places = keys.map((key) => this.#placeOf(key));
        const before = places.map(({ table, columns }, index) => toRecord(keys[index], table.get(columns)));
        let outcome: StepOutcome<Keys, Result>;
        try {
          outcome = step(before as unknown as RecordsOf<Keys>);
        } catch (error) {
          return () => reject(error);
        }
        for (const [index, { table, columns }] of places.entries()) {
          const record = outcome.save[index];
          if (record !== undefined) table.put(columns, ...toNumbers(record));
        }
        return () => resolve(outcome.result);
      };
      this.#waiting.push({ run, fail: reject });
      if (this.#waiting.length === 1) setImmediate(() => this.#commitWaiting());
    });
  }

  async *clean(kind: Key['kind'], expired: ExpiryRule): AsyncGenerator<Slice, void> {
    const { triplets, privateTriplets, clients, privateClients } = this.#tables;
    if (kind === 'triplet') {
      const isExpired = (first: number, last: number) => expired.triplet({ first, last });
      yield* triplets.clean(isExpired);
      yield* privateTriplets.clean(isExpired);
    } else {
      const isExpired = (count: number, last: number) => expired.client({ count, last });
      yield* clients.clean(isExpired);
      yield* privateClients.clean(isExpired);
    }
  }

  async close(): Promise<void> {
    while (this.#waiting.length > 0)
      await this.update([], () => ({ save: [], result: undefined })).catch(() => {});
    this.#file.close();
  }

  /** One transaction for everyone who waits; at the end all of their promises are settled. */
  #commitWaiting(): void {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      this.#begin.run();
      const settle = group.map(({ run }) => run());
      this.#commit.run();
      this.#busyTries = 0;
      for (const settleOne of settle) settleOne();
    } catch (error) {
      if (this.#file.inTransaction) this.#rollback.run();
      if (isBusy(error) && this.#busyTries < MAX_BUSY_TRIES) {
        this.#busyTries += 1;
        this.#waiting = group;
        setTimeout(() => this.#commitWaiting(), BUSY_PAUSE_MS);
        return;
      }
      this.#busyTries = 0;
      for (const { fail } of group) fail(error);
    }
  }

  #placeOf(key: Key): Place {
    const { triplets, privateTriplets, clients, privateClients } = this.#tables;
    if (this.#digest !== undefined) {
      const table = key.kind === 'triplet' ? privateTriplets : privateClients;
      return { table, columns: [this.#digest(key)] };
    }
    return key.kind === 'triplet'
      ? { table: triplets, columns: [key.clientNetwork, key.sender, key.recipient] }
      : { table: clients, columns: [key.clientAddress] };
  }
}

function toRecord(
  key: Key | undefined,
  numbers: readonly [number, number] | undefined,
): RecordOf<Key> | undefined {
  if (key === undefined || numbers === undefined) return undefined;
  const [first, second] = numbers;
  return key.kind === 'triplet' ? { first, last: second } : { count: first, last: second };
}

function toNumbers(record: TripletRecord | ClientRecord): [number, number] {
  return 'first' in record ? [record.first, record.last] : [record.count, record.last];
}
