/**
 * The embedded store: greyd.db in SQLite.
 *
 * Group commit: all updates that arrive in one turn of the event loop share one transaction, and
 * so one wait for the disk. Each of them still sees what those before it have saved. A step that
 * fails takes only its own update with it; an error of the database fails the whole group.
 *
 * Known limit: it waits for the disk, and for the locks of other processes, in the thread that calls
 * it; what arrives meanwhile makes up the next group.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Key, PlainKey } from '../greylist/keys.ts';
import type { ClientRecord, RecordOf, TripletRecord } from '../greylist/records.ts';
import { FileIdentity } from './file-identity.ts';
import { keyedDigest, loadSecret } from './private-keys.ts';
import { openSqliteFile, type SqliteFile } from './sqlite-file.ts';
import { SqliteLog } from './sqlite-log.ts';
import {
  type Digest,
  hasPrivateRecords,
  hidePlainRecords,
  readPrivacy,
  savePrivacy,
} from './sqlite-privacy.ts';
import { type KeyColumn, SqliteTable } from './sqlite-table.ts';
import type { Entry, ExpiryRule, RecordsOf, Slice, Step, StepOutcome, Store } from './store.ts';

/** How long a commit waits by default for another process to let go of its lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 2000;

/**
 * A commit that finds this many pages in the log copies them into the database, and everyone waits for
 * that. In a database of a million records they lie far apart: SQLite's own 1000 took a disk 50 to 170 ms
 * while old records were deleted, 200 a third of that, and no fewer requests were answered in all.
 */
const CHECKPOINT_PAGES = 200;

/** An update that waits for the next transaction. A connection has at most one, which bounds them. */
interface Waiting {
  /** Does its part of the transaction; what it returns settles its promise once that is durable. */
  readonly run: () => () => void;
  readonly fail: (error: unknown) => void;
}

export interface SqliteSettings {
  /** Whether keys are stored as keyed digests; undefined: as the daemon that used the file last had it. */
  readonly privacy: boolean | undefined;
  /** The hash of a key, of which its digest is made: `hashOf` in greylist/keys. */
  readonly hash: (key: Key) => string;
  /** How long a commit waits for another process to let go of its lock, in milliseconds. */
  readonly busyTimeoutMs?: number;
  /** Is told if the secret is gone of which the digests in the file are made. */
  readonly report?: (text: string) => void;
}

/**
 * Opens DBDIR/greyd.db, and DBDIR/greyd.secret if it takes a digest; they are made if absent.
 * @throws if it cannot be opened, or is of a newer greyd
 */
export function openSqliteStore(
  dbdir: string,
  { privacy, hash, busyTimeoutMs = BUSY_TIMEOUT_MS, report }: SqliteSettings,
): SqliteStore {
  const secretPath = join(dbdir, 'greyd.secret');
  const load = () => loadSecret(secretPath);
  const hadSecret = existsSync(secretPath);
  let secret = privacy ? load() : undefined;
  const digest: Digest = (key) => {
    secret ??= load();
    return keyedDigest(secret, hash(key));
  };
  return openSqliteFile(join(dbdir, 'greyd.db'), (file) => {
    if (privacy && !hadSecret && hasPrivateRecords(file)) {
      report?.(
        `${secretPath} was lost, and a new one is made: clients that were known are greylisted once more`,
      );
    }
    if (privacy !== undefined) savePrivacy(file, privacy);
    if (privacy) hidePlainRecords(file, digest);
    file.pragma(`busy_timeout = ${busyTimeoutMs}`);
    const isOwn = privacy !== undefined;
    // Nobody waits for the answers of another program than the daemon, and an import is faster without.
    if (isOwn) file.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return new SqliteStore(file, { isOwn, digest });
  });
}

/** The table of each kind of record. */
type Tables = Readonly<Record<Key['kind'], SqliteTable>>;

/** Where a record stands. */
interface Place {
  readonly kind: Key['kind'];
  readonly table: SqliteTable;
  readonly columns: readonly KeyColumn[];
}

export class SqliteStore implements Store {
  readonly privacy: boolean | undefined;
  readonly #file: SqliteFile;
  readonly #plain: Tables;
  readonly #private: Tables;
  readonly #digest: Digest;
  /** Fails a transaction that would save records in a form that is not asked for any more. */
  readonly #checkPrivacy: () => void;
  /** The files that were opened: what is saved must be where it is looked for after a restart. */
  readonly #identity: FileIdentity;
  /** What is saved stands in it first. */
  readonly #log: SqliteLog;
  readonly #begin;
  readonly #commit;
  readonly #rollback;
  readonly #countTriplets;
  readonly #addToCount;
  #waiting: Waiting[] = [];

  /** @param isOwn whether --privacy is this program's to set; if not, it must stay as it is found */
  constructor(file: SqliteFile, { isOwn, digest }: { isOwn: boolean; digest: Digest }) {
    const privacy = readPrivacy(file);
    this.privacy = privacy;
    this.#file = file;
    this.#digest = digest;
    this.#checkPrivacy = () => {
      if (isOwn || readPrivacy(file) === privacy) return;
      throw new Error('greyd was started with another --privacy meanwhile: do it once more');
    };
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
    this.#identity = new FileIdentity([file.name, ...sideFiles(file)]);
    this.#countTriplets = file
      .prepare<[], number>("SELECT records FROM record_counts WHERE kind = 'triplet'")
      .pluck();
    this.#addToCount = file.prepare<[number]>(
      "UPDATE record_counts SET records = records + ? WHERE kind = 'triplet'",
    );
    this.#begin = file.prepare('BEGIN IMMEDIATE');
    this.#commit = file.prepare('COMMIT');
    this.#rollback = file.prepare('ROLLBACK');
    this.#log = new SqliteLog(`${file.name}-wal`);
  }

  update<const Keys extends readonly Key[], Result>(keys: Keys, step: Step<Keys, Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const run = () => {
        const places = keys.map((key) => this.#placeOf(key));
        const before = places.map(({ kind, table, columns }) => {
          const numbers = table.get(columns);
          return numbers && toRecord(kind, numbers);
        });
        let outcome: StepOutcome<Keys, Result>;
        try {
          // The records are in the order of the keys, each of the kind of its key.
          outcome = step(before as unknown as RecordsOf<Keys>, { triplets: this.#countTriplets.get() ?? 0 });
        } catch (error) {
          return () => reject(error);
        }
        for (const [index, { table, columns }] of places.entries()) {
          const record = outcome.save[index];
          if (record !== undefined) table.put(columns, ...toNumbers(record));
        }
        return () => resolve(outcome.result);
      };
      this.#wait({ run, fail: reject });
    });
  }

  check(): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = () => {
        // There and back: where a value stays what it is, SQLite writes nothing.
        this.#addToCount.run(1);
        this.#addToCount.run(-1);
        return resolve;
      };
      this.#wait({ run, fail: reject });
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
        this.#checkLog();
        const slice = table.cleanSlice(after, isExpired);
        yield slice;
        after = slice.lastKey;
      } while (after !== undefined);
    }
  }

  async *entries(kind: Key['kind']): AsyncGenerator<readonly Entry[], void> {
    let after: readonly KeyColumn[] | undefined;
    do {
      const rows = this.#plain[kind].slice(after);
      yield rows.map(([first, second, ...columns]) => [
        toKey(kind, columns),
        toRecord(kind, [first, second]),
      ]);
      after = rows.at(-1)?.slice(2) as KeyColumn[] | undefined;
    } while (after !== undefined);
  }

  async close(): Promise<void> {
    // An empty update settles together with those that wait.
    await this.update([], () => ({ save: [], result: undefined })).catch(() => {});
    if (!this.#file.open) return;
    this.#log.close();
    if (this.#identity.holds(this.#file.name)) this.#file.close();
    else this.#closeReplaced();
  }

  /**
   * SQLite leaves the side files of a database that was moved or replaced where they are, and whoever
   * opens what stands in its place would take them for its own.
   */
  #closeReplaced(): void {
    try {
      this.#file.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      this.#file.close();
      for (const path of sideFiles(this.#file)) this.#identity.remove(path);
    }
  }

  #placeOf(key: Key): Place {
    const { kind } = key;
    return this.privacy || 'sha1' in key
      ? { kind, table: this.#private[kind], columns: [this.#digest(key)] }
      : { kind, table: this.#plain[kind], columns: plainColumns(key) };
  }

  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#waiting.length === 1) setImmediate(() => this.#commitWaiting());
  }

  /** One transaction for everyone who waits; at the end all of their promises are settled. */
  #commitWaiting(): void {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      // Before too: a commit may copy the log into the database, and would copy the harm.
      this.#checkLog();
      this.#begin.run();
      this.#checkPrivacy();
      const settle = group.map(({ run }) => run());
      this.#commit.run();
      this.#identity.check();
      this.#checkLog();
      for (const settleOne of settle) settleOne();
    } catch (error) {
      this.#abandonTransaction();
      for (const { fail } of group) fail(error);
    }
  }

  /** @throws if what was saved is not in the log, where it is looked for after a crash */
  #checkLog(): void {
    // SQLite has nothing to copy if it was another program that emptied the log, and fails otherwise.
    if (this.#log.check()) this.#file.pragma('wal_checkpoint(PASSIVE)');
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

/** The log of what is not in the database yet, and its index. */
function sideFiles({ name }: SqliteFile): string[] {
  return [`${name}-wal`, `${name}-shm`];
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
