/**
 * The embedded store: greyd.db in SQLite.
 *
 * Updates that come together share a transaction (see GroupCommit), and each of them still sees what
 * those before it have saved. A step that fails takes only its own update with it.
 *
 * Known limit: it waits for the disk, and for the locks of other processes, in the thread that calls it;
 * what arrives meanwhile makes up the next transaction.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Key, PlainKey } from '../greylist/keys.ts';
import type { ClientRecord, RecordOf, TripletRecord } from '../greylist/records.ts';
import { keyedDigest, loadSecret, secretPath } from './private-keys.ts';
import { type Done, GroupCommit } from './sqlite-commit.ts';
import { openSqliteFile, type SqliteFile } from './sqlite-file.ts';
import {
  type Digest,
  hasPrivateRecords,
  hidePlainRecords,
  readPrivacy,
  savePrivacy,
} from './sqlite-privacy.ts';
import { type KeyColumn, SqliteTable } from './sqlite-table.ts';
import type {
  CleanableStore,
  Entry,
  ExpiryRule,
  RecordCounts,
  RecordsOf,
  Slice,
  Step,
  StepOutcome,
} from './store.ts';

/** How long a commit waits by default for another process to let go of its lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 2000;

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
  const path = secretPath(dbdir);
  const load = () => loadSecret(path);
  const hadSecret = existsSync(path);
  let secret = privacy ? load() : undefined;
  const digest: Digest = (key) => {
    secret ??= load();
    return keyedDigest(secret, hash(key));
  };
  return openSqliteFile(join(dbdir, 'greyd.db'), (file) => {
    if (privacy && !hadSecret && hasPrivateRecords(file)) {
      report?.(`${path} was lost, and a new one is made: clients that were known are greylisted once more`);
    }
    if (privacy !== undefined) savePrivacy(file, privacy);
    if (privacy) hidePlainRecords(file, digest);
    file.pragma(`busy_timeout = ${busyTimeoutMs}`);
    return new SqliteStore(file, { isOwn: privacy !== undefined, digest });
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

export class SqliteStore implements CleanableStore {
  readonly privacy: boolean | undefined;
  readonly #plain: Tables;
  readonly #private: Tables;
  readonly #digest: Digest;
  readonly #countTriplets;
  readonly #counts;
  readonly #addToCount;
  readonly #commit: GroupCommit;

  /** @param isOwn whether --privacy is this program's to set; if not, it must stay as it is found */
  constructor(file: SqliteFile, { isOwn, digest }: { isOwn: boolean; digest: Digest }) {
    const privacy = readPrivacy(file);
    this.privacy = privacy;
    this.#digest = digest;
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
    this.#countTriplets = file
      .prepare<[], number>("SELECT records FROM record_counts WHERE kind = 'triplet'")
      .pluck();
    this.#counts = file
      .prepare<[], [kind: Key['kind'], records: number]>('SELECT kind, records FROM record_counts')
      .raw();
    this.#addToCount = file.prepare<[number]>(
      "UPDATE record_counts SET records = records + ? WHERE kind = 'triplet'",
    );
    // Records must not be saved in a form that is not asked for any more.
    this.#commit = new GroupCommit(file, () => {
      if (isOwn || readPrivacy(file) === privacy) return;
      throw new Error('greyd was started with another --privacy meanwhile: do it once more');
    });
  }

  update<const Keys extends readonly Key[], Result>(keys: Keys, step: Step<Keys, Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#commit.add({ run: () => this.#run(keys, step, resolve, reject), fail: reject });
    });
  }

  /** An update's part of a transaction. */
  #run<const Keys extends readonly Key[], Result>(
    keys: Keys,
    step: Step<Keys, Result>,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ): Done {
    const places = keys.map((key) => this.#placeOf(key));
    const before = places.map(({ kind, table, columns }) => {
      const numbers = table.get(columns);
      return numbers && toRecord(kind, numbers);
    });
    const countTriplets = this.#countTriplets;
    const size = {
      get triplets() {
        return countTriplets.get() ?? 0;
      },
    };
    let outcome: StepOutcome<Keys, Result>;
    try {
      // The records are in the order of the keys, each of the kind of its key.
      outcome = step(before as unknown as RecordsOf<Keys>, size);
    } catch (error) {
      return { hasSaved: false, settle: () => reject(error) };
    }
    let hasSaved = false;
    for (const [index, { table, columns }] of places.entries()) {
      const record = outcome.save[index];
      if (record === undefined) continue;
      table.put(columns, ...toNumbers(record));
      hasSaved = true;
    }
    return { hasSaved, settle: () => resolve(outcome.result) };
  }

  check(): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = () => {
        // There and back: where a value stays what it is, SQLite writes nothing.
        this.#addToCount.run(1);
        this.#addToCount.run(-1);
        return { hasSaved: true, settle: resolve };
      };
      this.#commit.add({ run, fail: reject });
    });
  }

  counts(): RecordCounts {
    return { triplet: 0, client: 0, ...Object.fromEntries(this.#counts.all()) };
  }

  async *clean(kind: Key['kind'], expired: ExpiryRule): AsyncGenerator<Slice, void> {
    const isExpired = (first: number, second: number) =>
      kind === 'triplet'
        ? expired.triplet({ first, last: second })
        : expired.client({ count: first, last: second });
    for (const table of [this.#plain[kind], this.#private[kind]]) {
      let after: readonly KeyColumn[] | undefined;
      do {
        this.#commit.checkFiles();
        const slice = table.cleanSlice(after, isExpired);
        this.#commit.checkFiles();
        this.#commit.noteChanges(slice.deleted);
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

  close(): Promise<void> {
    return this.#commit.close();
  }

  #placeOf(key: Key): Place {
    const { kind } = key;
    return this.privacy || 'sha1' in key
      ? { kind, table: this.#private[kind], columns: [this.#digest(key)] }
      : { kind, table: this.#plain[kind], columns: plainColumns(key) };
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
