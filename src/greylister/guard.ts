/**
 * Sees to it that greylisting answers in bounded time, whatever its store does: a visit that the store
 * has not answered within the time-out is rejected, and its mail passes.
 *
 * After a failure one visit at a time is tried, and all others are rejected at once, so that nobody
 * waits behind a store that does not answer. Most visits of those who are known need nothing saved, and
 * succeed on a full disk: so each try begins with a check whether anything can be. Such a check is also
 * made each PROBE_MS, so that the next mail finds a store that works.
 *
 * The store counts as working again when a check or a visit has succeeded and the last failure lies
 * RECOVERY_MS back. What is told of it is more careful: if it fails once more, without a deferral since it was said
 * to work, checks prove nothing, and only a deferral, whose first-seen time is always stored, is told as its
 * recovery. So a store that can be written to, and yet takes no visit, is told of once, and not each second.
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

/** Whether an answer proves that visits are stored. */
const isStored = ({ action }: Judgement): boolean => action === 'greylist';

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
  /** Whether it was told that the store has failed, and not yet that it works. */
  #isTold = false;
  /** Whether it was told to work by less than a deferral: a failure now shows that checks prove nothing. */
  #isUnproved = false;
  /** Whether only a deferral is told as its recovery. */
  #needsProof = false;
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
    this.#deadlines = new Deadlines(settings.timeoutMs, clock, '--store-timeout');
  }

  judge(visit: Visit): Promise<Judgement> {
    return this.#guarded(() => this.#inner.judge(visit), { visits: 1, isProof: isStored });
  }

  check(): Promise<void> {
    return this.#check(this.#deadlines);
  }

  #check(deadlines: Deadlines): Promise<void> {
    return this.#guarded(() => this.#inner.check(), { visits: 0, isProof: () => false }, deadlines);
  }

  /**
   * The first check, before anybody visits: whoever begins may take longer.
   * @param limitMs how long in milliseconds, if that is more than the time-out
   * @throws (rejects) if the store does not work by then; visits pass from then on until it does
   */
  async open(limitMs: number): Promise<void> {
    const isLonger = limitMs > this.#settings.timeoutMs;
    await this.#check(isLonger ? new Deadlines(limitMs, this.#clock) : this.#deadlines);
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

  /**
   * @param visits how many of them are rejected if it is
   * @param isProof whether an answer proves that visits are stored
   */
  #guarded<Answer>(
    ask: () => Promise<Answer>,
    { visits, isProof }: { readonly visits: 0 | 1; readonly isProof: (answer: Answer) => boolean },
    deadlines = this.#deadlines,
  ): Promise<Answer> {
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
          this.#worked(isProof(answer));
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
      this.#tellFailure(error);
    }
    this.#failure = { error, at: this.#clock() };
    // It keeps no process alive. A visit that is being tried is as good.
    this.#probes ??= setInterval(() => {
      if (this.#waiting === 0) this.check().catch(() => {});
    }, PROBE_MS).unref();
  }

  #worked(isProved: boolean): void {
    if (isProved) this.#isUnproved = false;
    if (this.#failure !== undefined) {
      if (this.#clock() - this.#failure.at < RECOVERY_MS) return;
      this.#failure = undefined;
      this.#endProbes();
    }
    if (this.#isTold) this.#tellRecovery(isProved);
  }

  #tellFailure(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#needsProof = this.#isUnproved;
    this.#observer.storeFailed(error);
  }

  #tellRecovery(isProved: boolean): void {
    if (this.#needsProof && !isProved) return;
    this.#isTold = false;
    this.#isUnproved = !isProved;
    this.#observer.storeWorks(this.#rejected);
    this.#rejected = 0;
  }

  #endProbes(): void {
    clearInterval(this.#probes);
    this.#probes = undefined;
  }
}
