/**
 * The embedded store: greyd.db in SQLite.
 *
 * Updates that come together share a transaction (see GroupCommit), and each of them still sees what
 * those before it have saved. A step that fails fails only its own update.
 *
 * Known limit: it waits for the disk, and for the locks of other processes, in the thread that calls it;
 * updates that arrive in the meantime make up the next transaction.
 */
import { join } from 'node:path';
import type { DecisionCount } from '../../decisions/counters.ts';
import { hasSecret, keyedDigest, loadSecret, readSecret, secretPath } from '../../files/secret-file.ts';
import type { Key } from '../../greylist/keys.ts';
import type { UnixSeconds } from '../../time/clock.ts';
import type {
  CleanableStore,
  Entry,
  ExpiryRule,
  RecordCounts,
  RecordsOf,
  Slice,
  Step,
  StepOutcome,
  StoreSize,
} from '../store.ts';
import { type Done, GroupCommit } from './commit.ts';
import { SqliteDecisions } from './decisions.ts';
import { errorCode, OPEN_TIMEOUT_MS, type SqliteFile } from './file.ts';
import { LockWait } from './lock-wait.ts';
import { openSqliteFile } from './open.ts';
import { type Digest, hasPrivateRecords, hidePlainRecords, readPrivacy, savePrivacy } from './privacy.ts';
import { inTurns, SqliteRecords } from './records.ts';
import type { KeyColumn } from './table.ts';

/** How long a commit waits by default for the lock of another process, in milliseconds. */
const BUSY_TIMEOUT_MS = 2000;

export interface SqliteSettings {
  /** True if keys are stored as keyed digests; undefined: as the daemon that used the file last had it. */
  readonly privacy: boolean | undefined;
  /** Returns the hash of a key, of which its digest is made: `hashOf` in greylist/keys. */
  readonly hash: (key: Key) => string;
  /** How long a commit waits for the lock of another process, in milliseconds. */
  readonly busyTimeoutMs?: number;
  /** Tells whether the program is stopping, so that it waits for locks no longer. */
  readonly isEnding?: () => boolean;
  /** Reports a loss: the secret of the digests in the file, or parts of the schema. */
  readonly report?: (text: string) => void;
}

/**
 * Opens DBDIR/greyd.db, and DBDIR/greyd.secret if a digest is needed; they are created if absent. Beside
 * records of a
 * lost secret only the daemon creates a new one.
 * @throws if it cannot be opened, or is of a newer greyd
 */
export function openSqliteStore(
  dbdir: string,
  { privacy, hash, busyTimeoutMs: limitMs = BUSY_TIMEOUT_MS, isEnding = () => false, report }: SqliteSettings,
): SqliteStore {
  const opening = new LockWait(OPEN_TIMEOUT_MS, isEnding);
  const locks = new LockWait(limitMs, isEnding);
  const { busyTimeoutMs } = locks;
  const path = secretPath(dbdir);
  const hadSecret = hasSecret(path);
  const use = (file: SqliteFile) => {
    // Beside the daemon a new secret would only hide that the old one is lost: no record can be found with it.
    const isLost = () => privacy === undefined && !hasSecret(path) && hasPrivateRecords(file);
    let secret = privacy ? loadSecret(path) : undefined;
    const digest: Digest = (key) => {
      secret ??= isLost() ? readSecret(path) : loadSecret(path);
      return keyedDigest(secret, hash(key));
    };
    if (privacy && !hadSecret && hasPrivateRecords(file)) {
      report?.(`${path} was lost, and a new one created: known clients are greylisted again`);
    }
    if (privacy !== undefined) savePrivacy(file, privacy);
    if (privacy) hidePlainRecords(file, digest);
    file.pragma(`busy_timeout = ${busyTimeoutMs}`);
    return new SqliteStore(file, { isOwn: privacy !== undefined, digest, locks });
  };
  return opening.run(() => openSqliteFile(join(dbdir, 'greyd.db'), use, report, opening.busyTimeoutMs));
}

export class SqliteStore implements CleanableStore {
  readonly privacy: boolean | undefined;
  readonly #records: SqliteRecords;
  readonly #decisions: SqliteDecisions;
  readonly #addToCount;
  readonly #commit: GroupCommit;
  readonly #locks: LockWait;

  /** @param isOwn whether this program sets --privacy; if not, it must stay as it is found */
  constructor(
    file: SqliteFile,
    { isOwn, digest, locks }: { isOwn: boolean; digest: Digest; locks: LockWait },
  ) {
    this.#locks = locks;
    this.#records = new SqliteRecords(file, digest);
    this.#decisions = new SqliteDecisions(file);
    const { privacy } = this.#records;
    this.privacy = privacy;
    this.#addToCount = file.prepare<[number]>(
      "UPDATE record_counts SET records = records + ? WHERE kind = 'triplet'",
    );
    // Records must not be saved in an outdated form.
    this.#commit = new GroupCommit(file, locks, () => {
      if (isOwn || readPrivacy(file) === privacy) return;
      throw new Error('greyd was restarted with another --privacy in the meantime: try again');
    });
  }

  update<const Keys extends readonly Key[], Result>(keys: Keys, step: Step<Keys, Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#commit.add({ run: () => this.#run(keys, step, resolve, reject), fail: reject });
    });
  }

  /** Does an update's part of a transaction. */
  #run<const Keys extends readonly Key[], Result>(
    keys: Keys,
    step: Step<Keys, Result>,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ): Done {
    const records = this.#records;
    const places = records.placesOf(keys);
    const before = records.read(keys, places);
    let outcome: StepOutcome<Keys, Result>;
    try {
      outcome = step(before, records.size);
    } catch (error) {
      return { hasSaved: false, settle: () => reject(error) };
    }
    let hasSaved = false;
    for (const [index, place] of places.entries()) {
      const record = outcome.save[index];
      if (record === undefined) continue;
      records.save(place, record);
      hasSaved = true;
    }
    return { hasSaved, settle: () => resolve(outcome.result) };
  }

  check(): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = () => {
        // There and back: SQLite writes nothing for an unchanged value.
        this.#addToCount.run(1);
        this.#addToCount.run(-1);
        return { hasSaved: true, settle: resolve };
      };
      this.#commit.add({ run, fail: reject });
    });
  }

  addDecisions(counts: readonly DecisionCount[], forgetBefore: UnixSeconds): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = (): Done => {
        try {
          this.#decisions.add(counts, forgetBefore);
          return { hasSaved: true, settle: resolve };
        } catch (error) {
          // A fault of the counts alone must not fail the updates of the same transaction.
          if (!errorCode(error).startsWith('SQLITE_CONSTRAINT')) throw error;
          return { hasSaved: false, settle: () => reject(error) };
        }
      };
      this.#commit.add({ run, fail: reject });
    });
  }

  async decisions(): Promise<readonly DecisionCount[]> {
    return this.#decisions.all();
  }

  counts(): RecordCounts {
    return this.#records.counts;
  }

  async *clean(kind: Key['kind'], expired: ExpiryRule): AsyncGenerator<Slice, void> {
    const isExpired = (first: number, second: number) =>
      kind === 'triplet'
        ? expired.triplet({ first, last: second })
        : expired.client({ count: first, last: second });
    for (const table of this.#records.tablesOf(kind)) {
      let after: readonly KeyColumn[] | undefined;
      do {
        this.#commit.checkFiles();
        const slice = this.#locks.run(() => table.cleanSlice(after, isExpired));
        this.#commit.checkFiles();
        this.#commit.noteChanges(slice.deleted);
        yield slice;
        after = slice.lastKey;
      } while (after !== undefined);
    }
  }

  get size(): StoreSize {
    return this.#records.size;
  }

  async read<const Keys extends readonly Key[]>(keys: Keys): Promise<RecordsOf<Keys>> {
    return this.#records.read(keys);
  }

  async *entries(kind: Key['kind']): AsyncGenerator<readonly Entry[], void> {
    yield* inTurns(this.#records.entries(kind));
  }

  close(): Promise<void> {
    return this.#commit.close();
  }
}
