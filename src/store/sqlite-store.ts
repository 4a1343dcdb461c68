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
import { setTimeout as pause } from 'node:timers/promises';
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

/** The table of each kind of record. */
type Tables = Readonly<Record<Key['kind'], SqliteTable>>;

export class SqliteStore implements Store {
  readonly #file: SqliteFile;
  readonly #plain: Tables;
  readonly #private: Tables;
  /** Those of the two in which records are read and written; both are cleaned. */
  readonly #inUse: Tables;
  readonly #columnsOf: (key: Key) => readonly KeyColumn[];
  readonly #begin;
  readonly #commit;
  readonly #rollback;
  #waiting: Waiting[] = [];
  #busyTries = 0;

  constructor(file: SqliteFile, digest: Digest | undefined) {
    this.#file = file;
    this.#plain = {
      triplet: new SqliteTable(
        file,
        'triplets',
        ['client_network', 'sender', 'recipient'],
        ['first_seen', 'last_seen'],
      ),
      client: new SqliteTable(file, 'clients', ['client_address'], ['count', 'last_seen']),
    };
    this.#private = {
      triplet: new SqliteTable(file, 'private_triplets', ['digest'], ['first_seen', 'last_seen']),
      client: new SqliteTable(file, 'private_clients', ['digest'], ['count', 'last_seen']),
    };
    this.#inUse = digest === undefined ? this.#plain : this.#private;
    this.#columnsOf = digest === undefined ? plainColumns : (key) => [digest(key)];
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
        const places = keys.map((key) => ({
          kind: key.kind,
          table: this.#inUse[key.kind],
          columns: this.#columnsOf(key),
        }));
        const before = places.map(({ kind, table, columns }) => toRecord(kind, table.get(columns)));
        let outcome: StepOutcome<Keys, Result>;
        try {
          // The records are in the order of the keys, each of the kind of its key.
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
    const isExpired = (first: number, second: number) =>
      kind === 'triplet'
        ? expired.triplet({ first, last: second })
        : expired.client({ count: first, last: second });
    for (const table of [this.#plain[kind], this.#private[kind]]) {
      let after: readonly KeyColumn[] | undefined;
      do {
        const slice = await whenUnlocked(() => table.cleanSlice(after, isExpired));
        yield slice;
        after = slice.lastKey;
      } while (after !== undefined);
    }
  }

  async close(): Promise<void> {
    // An empty update settles together with those that wait.
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
      this.#abandonTransaction();
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

  /** SQLite ends a transaction itself after some errors; after others it has to be told. */
  #abandonTransaction(): void {
    try {
      if (this.#file.inTransaction) this.#rollback.run();
    } catch {
      // What led here is reported; there is nothing to add.
    }
  }
}

function plainColumns(key: Key): readonly KeyColumn[] {
  return key.kind === 'triplet' ? [key.clientNetwork, key.sender, key.recipient] : [key.clientAddress];
}

function toRecord(
  kind: Key['kind'],
  numbers: readonly [number, number] | undefined,
): RecordOf<Key> | undefined {
  if (numbers === undefined) return undefined;
  const [first, second] = numbers;
  return kind === 'triplet' ? { first, last: second } : { count: first, last: second };
}

function toNumbers(record: TripletRecord | ClientRecord): [number, number] {
  return 'first' in record ? [record.first, record.last] : [record.count, record.last];
}

/** Does something in the database, again and again while another process holds the lock, within bounds. */
async function whenUnlocked<Result>(action: () => Result): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return action();
    } catch (error) {
      if (!isBusy(error) || tries >= MAX_BUSY_TRIES) throw error;
      await pause(BUSY_PAUSE_MS);
    }
  }
}
