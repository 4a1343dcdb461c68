/**
 * A store that opens its file anew when that is what may help: after an error of the file, or when
 * it was removed, replaced or cut. A damaged one is set aside first, and a new one begun.
 *
 * While it cannot be opened every update fails; one in REOPEN_PAUSE_MS tries again.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Key } from '../greylist/keys.ts';
import type { DecisionCount } from '../metrics/counters.ts';
import { setAside } from './set-aside.ts';
import { isDamage, isOfTheFile } from './sqlite-file.ts';
import type { CleanableStore, ExpiryRule, RecordCounts, Slice, Step } from './store.ts';

/** Opening a file takes time that others wait for. */
export const REOPEN_PAUSE_MS = 1000;
/** A disk that damages whatever is written to it must not be filled with files that were set aside. */
export const SET_ASIDE_PAUSE_MS = 60_000;

type OpenStore = Pick<CleanableStore, 'update' | 'check' | 'addDecisions' | 'counts' | 'clean' | 'close'>;

export interface ReopeningSettings {
  /** The file, whose directory is made if it is missing. */
  readonly path: string;
  readonly open: () => OpenStore;
  /** Is told of a file that was set aside. */
  readonly report: (text: string) => void;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export class ReopeningStore implements OpenStore {
  readonly #settings: ReopeningSettings;
  #store: OpenStore | undefined;
  /** Settles when the one before is out of the way. */
  #closed: Promise<void> = Promise.resolve();
  /** Why it could not be opened, and when that was tried. */
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  #setAsideAt = Number.NEGATIVE_INFINITY;

  constructor(settings: ReopeningSettings) {
    this.#settings = settings;
  }

  update<const Keys extends readonly Key[], Result>(keys: Keys, step: Step<Keys, Result>): Promise<Result> {
    return this.#try((store) => store.update(keys, step));
  }

  check(): Promise<void> {
    return this.#try((store) => store.check());
  }

  addDecisions(counts: readonly DecisionCount[], forgetBefore: number): Promise<void> {
    return this.#try((store) => store.addDecisions(counts, forgetBefore));
  }

  /** Opens nothing, and what fails here is no reason to open it anew: nobody's mail depends on it. */
  counts(): RecordCounts | undefined {
    return this.#store?.counts();
  }

  async *clean(kind: Key['kind'], expired: ExpiryRule): AsyncGenerator<Slice, void> {
    const store = await this.#opened();
    try {
      yield* store.clean(kind, expired);
    } catch (error) {
      this.#failed(store, error);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#closed;
    await this.#store?.close();
  }

  #try<Result>(work: (store: OpenStore) => Promise<Result>): Promise<Result> {
    const attempt = (store: OpenStore) =>
      work(store).catch((error) => {
        this.#failed(store, error);
        throw error;
      });
    return this.#store === undefined ? this.#opened().then(attempt) : attempt(this.#store);
  }

  async #opened(): Promise<OpenStore> {
    await this.#closed;
    if (this.#store !== undefined) return this.#store;
    const { path, open, clock } = this.#settings;
    // A clock that was set back must not keep it from trying.
    if (this.#failure !== undefined && Math.abs(clock() - this.#failure.at) < REOPEN_PAUSE_MS) {
      throw this.#failure.error;
    }
    try {
      makeDirectory(dirname(path));
      this.#store = this.#openOrBegin(open);
      this.#failure = undefined;
      return this.#store;
    } catch (error) {
      this.#failure = { error, at: clock() };
      throw error;
    }
  }

  #openOrBegin(open: () => OpenStore): OpenStore {
    try {
      return open();
    } catch (error) {
      if (!this.#setAsideIfDamaged(error)) throw error;
      return open();
    }
  }

  /** Of those that failed together, the first closes; the next update opens the file again. */
  #failed(store: OpenStore, error: unknown): void {
    if (store !== this.#store || !isOfTheFile(error)) return;
    this.#store = undefined;
    this.#closed = this.#clearAway(store, error);
  }

  async #clearAway(store: OpenStore, error: unknown): Promise<void> {
    await store.close().catch(() => {});
    try {
      this.#setAsideIfDamaged(error);
    } catch {
      // It cannot be moved now; when it fails again, that is tried again.
    }
  }

  /**
   * @returns whether a new file can be begun
   * @throws if it is damaged and cannot be moved
   */
  #setAsideIfDamaged(error: unknown): boolean {
    const { path, report, clock } = this.#settings;
    if (!isDamage(error) || Math.abs(clock() - this.#setAsideAt) < SET_ASIDE_PAUSE_MS) return false;
    const damage = `the database is damaged (${(error as Error).message})`;
    let aside: string;
    try {
      aside = setAside(path, clock());
    } catch (reason) {
      throw new Error(`${damage} and cannot be set aside: ${(reason as Error).message}`, { cause: error });
    }
    this.#setAsideAt = clock();
    report(
      `${damage}: set aside as ${aside}, and a new one begun; clients that were known are greylisted once more`,
    );
    return true;
  }
}

/** Its parents are the administrator's; what is wrong with it is said when the file is opened. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // It is there, or cannot be made.
  }
}
