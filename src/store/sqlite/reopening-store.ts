/**
 * A store that opens its file again when that may help: after an error of the file, or when
 * it was removed, replaced or cut.
 *
 * If SQLite reports damage, the file is checked before it is used again: a failed read looks the same. Only
 * a file that proves damaged is set aside, and a new one created.
 *
 * While it cannot be opened every update fails; one in REOPEN_PAUSE_MS tries again.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DecisionCount } from '../../decisions/counters.ts';
import { errorText } from '../../errors/text.ts';
import type { Key } from '../../greylist/keys.ts';
import type { Clock, UnixSeconds } from '../../time/clock.ts';
import type { DaemonStore, ExpiryRule, Inventory, RecordCounts, Slice, Step } from '../store.ts';
import { errorCode, isDamage, isOfTheFile } from './file.ts';
import { setAside } from './set-aside.ts';

/** Opening takes time while others wait. Shorter than the time between two probes of the circuit breaker. */
export const REOPEN_PAUSE_MS = 500;
/** A disk that damages all its files must not be filled with files that were set aside. */
export const SET_ASIDE_PAUSE_MS = 60_000;

/** What the daemon does with its database. */
type OpenStore = DaemonStore & Inventory;

export interface ReopeningSettings {
  /** The path of the file, whose directory is created if it is missing. */
  readonly path: string;
  readonly open: () => OpenStore;
  /** Returns what is wrong with the file, if anything is; throws if that cannot be found out. */
  readonly damageOf: (path: string) => string | undefined;
  /** Reports the result of a check. */
  readonly report: (text: string) => void;
  readonly clock: Clock;
}

export class ReopeningStore implements OpenStore {
  readonly #settings: ReopeningSettings;
  #store: OpenStore | undefined;
  /** Settles when the previous store is closed. */
  #closed: Promise<void> = Promise.resolve();
  /** Why it could not be opened, and when that was tried. */
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  /** Why the file may be damaged, until it was checked. */
  #suspicion: Error | undefined;
  /** Why the check failed, as last reported. */
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

  addDecisions(counts: readonly DecisionCount[], forgetBefore: UnixSeconds): Promise<void> {
    return this.#try((store) => store.addDecisions(counts, forgetBefore));
  }

  /** Opens nothing, and a failure here is no reason to open the file again: no mail depends on it. */
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
    if (this.#failure !== undefined && clock.uptime() - this.#failure.at < REOPEN_PAUSE_MS) {
      throw this.#failure.error;
    }
    try {
      makeDirectory(dirname(path));
      this.#store = this.#openSound();
      this.#failure = undefined;
      return this.#store;
    } catch (error) {
      this.#failure = { error, at: clock.uptime() };
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
        `a read of the database failed (${suspicion.message}); a second check found no damage, and it stays in use; look for disk errors in the kernel log`,
      );
    return store;
  }

  /** Closes the file at the first of several failures; the next update opens it again. */
  #failed(store: OpenStore, error: unknown): void {
    if (store !== this.#store || !isOfTheFile(error)) return;
    if (isDamage(error)) this.#suspicion = error as Error;
    this.#store = undefined;
    this.#closed = store.close().catch(() => {});
  }

  /**
   * Sets the file aside if it is damaged.
   * @returns true if it is not damaged
   * @throws if that cannot be found out, or the damaged file cannot be moved
   */
  #examine({ message }: Error): boolean {
    const { path, damageOf, report, clock } = this.#settings;
    let damage: string | undefined;
    try {
      damage = damageOf(path);
    } catch (error) {
      const { code, message: reason } = error as NodeJS.ErrnoException;
      // It was removed, so there is nothing to check any more.
      if (code === 'ENOENT') return false;
      const text = `${message}; cannot tell whether the database is damaged: ${reason}`;
      if (text !== this.#told) report(text);
      this.#told = text;
      throw new Error(text);
    }
    this.#told = undefined;
    if (damage === undefined) return true;
    const found = `the database is damaged (${damage})`;
    if (clock.uptime() - this.#setAsideAt < SET_ASIDE_PAUSE_MS) throw new Error(found);
    let aside: string;
    try {
      aside = setAside(path, clock.now());
    } catch (reason) {
      throw new Error(`${found} and cannot be set aside: ${errorText(reason)}`);
    }
    this.#setAsideAt = clock.uptime();
    report(`${found}: set aside as ${aside}, and a new one created; known clients are greylisted again`);
    return false;
  }
}

/**
 * Tells whether an error may mean damage: when the file is opened, changes of another program to its tables
 * show as an SQL error.
 */
function mayBeDamage(error: unknown): error is Error {
  return isDamage(error) || errorCode(error) === 'SQLITE_ERROR';
}

/**
 * Makes the directory, but not its parents, which are the administrator's; opening the file reports what is
 * wrong.
 */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // It exists, or cannot be made.
  }
}
