/**
 * A store that opens its file anew when that is what may help: after an error of the file, or when
 * it was removed, replaced or cut.
 *
 * If SQLite says that it is damaged, it is examined before it is used again: a read that fails looks the same. Only
 * a file that is found damaged is set aside, and a new one begun.
 *
 * While it cannot be opened every update fails; one in REOPEN_PAUSE_MS tries again.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Key } from '../greylist/keys.ts';
import type { DecisionCount } from '../metrics/counters.ts';
import { setAside } from './set-aside.ts';
import { errorCode, isDamage, isOfTheFile } from './sqlite-file.ts';
import type { CleanableStore, ExpiryRule, RecordCounts, Slice, Step } from './store.ts';

/** Opening a file takes time that others wait for. Shorter than the time between two probes of the guard. */
export const REOPEN_PAUSE_MS = 500;
/** A disk that damages whatever is written to it must not be filled with files that were set aside. */
export const SET_ASIDE_PAUSE_MS = 60_000;

type OpenStore = Pick<CleanableStore, 'update' | 'check' | 'addDecisions' | 'counts' | 'clean' | 'close'>;

export interface ReopeningSettings {
  /** The file, whose directory is made if it is missing. */
  readonly path: string;
  readonly open: () => OpenStore;
  /** What is wrong with the file, if anything is; throws while nobody can tell. */
  readonly damageOf: (path: string) => string | undefined;
  /** Is told what came of an examination. */
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
  /** Why the file may be damaged, until it was examined. */
  #suspicion: Error | undefined;
  /** Why it cannot be, as it was last reported. */
  #told: string | undefined;
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
    const { path, clock } = this.#settings;
    // A clock that was set back must not keep it from trying.
    if (this.#failure !== undefined && Math.abs(clock() - this.#failure.at) < REOPEN_PAUSE_MS) {
      throw this.#failure.error;
    }
    try {
      makeDirectory(dirname(path));
      this.#store = this.#openSound();
      this.#failure = undefined;
      return this.#store;
    } catch (error) {
      this.#failure = { error, at: clock() };
      throw error;
    }
  }

  #openSound(): OpenStore {
    const { open, report } = this.#settings;
    if (this.#suspicion === undefined) {
      try {
        return open();
      } catch (error) {
        if (!mayBeDamage(error)) throw error;
        this.#suspicion = error;
      }
    }
    const suspicion = this.#suspicion;
    const isSound = this.#examine(suspicion);
    this.#suspicion = undefined;
    const store = open();
    if (isSound && isDamage(suspicion))
      report(
        `a read of the database failed (${suspicion.message}); checked again it is sound, and stays in use; see the kernel's log for errors of the disk`,
      );
    return store;
  }

  /** Of those that failed together, the first closes; the next update opens the file again. */
  #failed(store: OpenStore, error: unknown): void {
    if (store !== this.#store || !isOfTheFile(error)) return;
    if (isDamage(error)) this.#suspicion = error as Error;
    this.#store = undefined;
    this.#closed = store.close().catch(() => {});
  }

  /**
   * Sets the file aside if it is damaged.
   * @returns whether it is sound
   * @throws if nobody can tell whether it is, or it is not and cannot be moved
   */
  #examine({ message }: Error): boolean {
    const { path, damageOf, report, clock } = this.#settings;
    let damage: string | undefined;
    try {
      damage = damageOf(path);
    } catch (error) {
      const { code, message: reason } = error as NodeJS.ErrnoException;
      // It was removed, and there is nothing to suspect any more.
      if (code === 'ENOENT') return false;
      const text = `${message}; whether the database is damaged cannot be told: ${reason}`;
      if (text !== this.#told) report(text);
      this.#told = text;
      throw new Error(text);
    }
    this.#told = undefined;
    if (damage === undefined) return true;
    const found = `the database is damaged (${damage})`;
    if (Math.abs(clock() - this.#setAsideAt) < SET_ASIDE_PAUSE_MS) throw new Error(found);
    let aside: string;
    try {
      aside = setAside(path, clock());
    } catch (reason) {
      throw new Error(`${found} and cannot be set aside: ${(reason as Error).message}`);
    }
    this.#setAsideAt = clock();
    report(
      `${found}: set aside as ${aside}, and a new one begun; clients that were known are greylisted once more`,
    );
    return false;
  }
}

/** When the file is opened, what another program did to its tables shows as an error of SQL. */
function mayBeDamage(error: unknown): error is Error {
  return isDamage(error) || errorCode(error) === 'SQLITE_ERROR';
}

/** Its parents are the administrator's; what is wrong with it is said when the file is opened. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // It is there, or cannot be made.
  }
}
