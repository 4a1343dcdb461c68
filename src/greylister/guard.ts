/**
 * Sees to it that greylisting answers in bounded time, whatever its store does: a visit that the store
 * has not answered within the time-out is rejected, and its mail passes.
 *
 * After a failure one visit at a time is tried, and all others are rejected at once, so that nobody
 * waits behind a store that does not answer. The store counts as working again when a visit was
 * stored in time and the last failure lies RECOVERY_MS back. Most visits of those who are known need
 * nothing saved, and succeed on a full disk: so each try begins with a check whether anything can be.
 * Such a check is also made each PROBE_MS, so that the next mail finds a store that works.
 */
import { Deadlines } from './deadlines.ts';
import type { Greylisting, Judgement, Visit } from './greylister.ts';

export interface GuardSettings {
  /** How long a visit waits for its answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Visits that may wait at a time; one more is a failure of the store. */
  readonly maxWaiting: number;
}

/** Is told once when the store has failed, and once when it works again. */
export interface StoreObserver {
  storeFailed(error: unknown): void;
  /** @param rejected visits that were rejected meanwhile */
  storeWorks(rejected: number): void;
}

/** While the store counts as failed it is probed so often, in milliseconds. */
export const PROBE_MS = 1000;

/**
 * A store that fails every now and then must not fill the log with its changes. A little less than PROBE_MS: the first
 * probe after the last failure counts.
 */
export const RECOVERY_MS = 900;

export class Guard implements Greylisting {
  readonly #inner: Greylisting;
  readonly #settings: GuardSettings;
  readonly #observer: StoreObserver;
  readonly #clock: () => number;
  /** The last one, while the store counts as failed. */
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  /** How often it has begun to count as failed, since the start. */
  failures = 0;
  /** Visits rejected since the store failed. */
  #rejected = 0;
  /** Visits that the store has not answered, those among them that nobody waits for any more. */
  #waiting = 0;
  readonly #deadlines: Deadlines;
  #probes: NodeJS.Timeout | undefined;

  /** @param clock milliseconds; nobody sets it */
  constructor(inner: Greylisting, settings: GuardSettings, observer: StoreObserver, clock: () => number) {
    this.#inner = inner;
    this.#settings = settings;
    this.#observer = observer;
    this.#clock = clock;
    this.#deadlines = new Deadlines(settings.timeoutMs, clock);
  }

  judge(visit: Visit): Promise<Judgement> {
    return this.#guarded(() => this.#inner.judge(visit), 1);
  }

  check(): Promise<void> {
    return this.#guarded(() => this.#inner.check(), 0);
  }

  /**
   * The first check, before anybody visits: whoever begins may take longer.
   * @param limitMs how long in milliseconds, if that is more than the time-out
   * @throws (rejects) if the store does not work by then; visits pass from then on until it does
   */
  async open(limitMs: number): Promise<void> {
    const opening = new Deadlines(Math.max(limitMs, this.#settings.timeoutMs), this.#clock);
    await this.#guarded(() => this.#inner.check(), 0, opening);
  }

  /** Whether the store counts as working, as far as was asked. */
  get works(): boolean {
    return this.#failure === undefined;
  }

  /** Rejects all who wait: there is no time left. */
  giveUp(): void {
    this.#endProbes();
    this.#deadlines.endAll(new Error('greyd ends, and it has not answered'));
  }

  /** @param visits how many of them are rejected if it is */
  #guarded<Answer>(ask: () => Promise<Answer>, visits: 0 | 1, deadlines = this.#deadlines): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const turnAway = (error: unknown) => {
        this.#rejected += visits;
        reject(error);
      };
      const fail = (error: unknown) => {
        this.#failed(error);
        turnAway(error);
      };
      // That one is turned away says nothing new about the store.
      if (this.#failure !== undefined && this.#waiting > 0) return turnAway(this.#failure.error);
      const { maxWaiting } = this.#settings;
      if (this.#waiting >= maxWaiting) {
        return fail(new Error(`${maxWaiting} requests wait for it (--max-queued-requests)`));
      }
      this.#waiting += 1;
      const wait = deadlines.begin(fail);
      /** Whether anybody waits for the answer still. */
      const isInTime = () => {
        this.#waiting -= 1;
        return deadlines.end(wait);
      };
      const tried = this.#failure === undefined ? ask() : this.#inner.check().then(ask);
      tried.then(
        (answer) => {
          if (!isInTime()) return;
          this.#worked();
          resolve(answer);
        },
        (error) => {
          if (isInTime()) fail(error);
        },
      );
    });
  }

  #failed(error: unknown): void {
    if (this.#failure === undefined) {
      this.failures += 1;
      this.#observer.storeFailed(error);
    }
    this.#failure = { error, at: this.#clock() };
    // It keeps no process alive. A visit that is being tried is as good.
    this.#probes ??= setInterval(() => {
      if (this.#waiting === 0) this.check().catch(() => {});
    }, PROBE_MS).unref();
  }

  #worked(): void {
    if (this.#failure === undefined || this.#clock() - this.#failure.at < RECOVERY_MS) return;
    this.#observer.storeWorks(this.#rejected);
    this.#failure = undefined;
    this.#rejected = 0;
    this.#endProbes();
  }

  #endProbes(): void {
    clearInterval(this.#probes);
    this.#probes = undefined;
  }
}
