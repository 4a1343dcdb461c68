/**
 * A circuit breaker for greylisting: bounds the time of an answer, whatever the store does. A visit that the store
 * has not answered within the time-out is rejected, and its mail passes.
 *
 * After a failure one visit at a time is tried, and all others are rejected at once, so that none waits
 * behind a store that does not respond. Most visits of known triplets save nothing, and
 * succeed on a full disk: so each try begins with a check whether the store accepts writes. A probe makes the
 * same check each PROBE_MS, so that the next mail finds a store that works.
 *
 * The store counts as working again when a check or a visit has succeeded and the last failure is
 * RECOVERY_MS ago. The log is more careful: if the store fails once more, without a deferral since it was reported
 * as working, checks prove nothing, and only a deferral, whose first-seen time is always stored, is reported as
 * recovery. So a store that accepts writes but takes no visit is logged once, not each second.
 */
import type { Submission, Visit } from '../greylist/visit.ts';
import type { Clock } from '../time/clock.ts';
import type { Greylisting, Verdict } from './greylister.ts';

export interface CircuitBreakerSettings {
  /** How long a visit waits for its answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Maximum number of waiting visits; one more counts as a failure of the store. */
  readonly maxWaiting: number;
}

/** Called once when the store has failed, and once when it works again. */
export interface StoreObserver {
  storeFailed(error: unknown): void;
  /** @param rejected visits that were rejected in the meantime */
  storeWorks(rejected: number): void;
}

/** Tells whether an answer proves that visits are stored. */
const isStored = ({ action }: Verdict): boolean => action === 'greylist';

/** Interval of probes while the store counts as failed, in milliseconds. */
export const PROBE_MS = 1000;

/**
 * Milliseconds without a failure until the store counts as working: a store that fails now and then must not fill
 * the log. A little less than PROBE_MS, so that the first probe after the last failure counts.
 */
export const RECOVERY_MS = 900;

export class CircuitBreaker implements Greylisting {
  readonly #inner: Greylisting;
  readonly #settings: CircuitBreakerSettings;
  readonly #observer: StoreObserver;
  readonly #uptime: Clock['uptime'];
  /** The last failure, while the store counts as failed. */
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  /** True if the failure was reported, and the recovery not yet. */
  #isTold = false;
  /**
   * True if it was reported as working on less than a deferral: a failure now shows that checks prove nothing.
   */
  #isUnproved = false;
  /** True if only a deferral is reported as recovery. */
  #needsProof = false;
  /** How often the store began to fail, since the start. */
  failures = 0;
  /** Visits rejected since the store failed. */
  #rejected = 0;
  /** Visits that the store has not answered, including those that were given up. */
  #waiting = 0;
  readonly #deadlines: Deadlines;
  #probes: NodeJS.Timeout | undefined;

  /** @param uptime milliseconds, on the monotonic clock */
  constructor(
    inner: Greylisting,
    settings: CircuitBreakerSettings,
    observer: StoreObserver,
    uptime: Clock['uptime'],
  ) {
    this.#inner = inner;
    this.#settings = settings;
    this.#observer = observer;
    this.#uptime = uptime;
    this.#deadlines = new Deadlines(settings.timeoutMs, uptime, '--store-timeout');
  }

  decide(visit: Visit | Submission): Promise<Verdict> {
    return this.#bounded(() => this.#inner.decide(visit), { visits: 1, isProof: isStored });
  }

  check(): Promise<void> {
    return this.#check(this.#deadlines);
  }

  #check(deadlines: Deadlines): Promise<void> {
    return this.#bounded(() => this.#inner.check(), { visits: 0, isProof: () => false }, deadlines);
  }

  /**
   * Makes the first check, before any visit; opening the store may take longer than an answer.
   * @param limitMs how long in milliseconds, if that is more than the time-out
   * @throws (rejects) if the store does not work by then; visits pass from then on until it does
   */
  async open(limitMs: number): Promise<void> {
    const isLonger = limitMs > this.#settings.timeoutMs;
    await this.#check(isLonger ? new Deadlines(limitMs, this.#uptime) : this.#deadlines);
  }

  /** True if the store works, as far as is known. */
  get works(): boolean {
    return this.#failure === undefined;
  }

  /** Rejects all waiting visits: greyd is stopping. */
  giveUp(): void {
    this.#endProbes();
    this.#deadlines.endAll(new Error('greyd is stopping, and there is no answer yet'));
  }

  /**
   * @param visits how many visits are rejected if it fails
   * @param isProof tells whether an answer proves that visits are stored
   */
  #bounded<Answer>(
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
      // A rejected visit says nothing new about the store.
      if (this.#failure !== undefined && this.#waiting > 0) return turnAway(this.#failure.error);
      const { maxWaiting } = this.#settings;
      if (this.#waiting >= maxWaiting) {
        return fail(new Error(`${maxWaiting} requests are waiting for it (--max-queued-requests)`));
      }
      this.#waiting += 1;
      const wait = deadlines.begin(fail);
      /** Tells whether the caller still waits for the answer. */
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
    this.#failure = { error, at: this.#uptime() };
    // The timer keeps no process alive. A visit under way serves as a probe.
    this.#probes ??= setInterval(() => {
      if (this.#waiting === 0) this.check().catch(() => {});
    }, PROBE_MS).unref();
  }

  #worked(isProved: boolean): void {
    if (isProved) this.#isUnproved = false;
    if (this.#failure !== undefined) {
      if (this.#uptime() - this.#failure.at < RECOVERY_MS) return;
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

/** One wait. */
export interface Wait {
  /** Milliseconds of the clock. */
  readonly due: number;
  readonly giveUp: (reason: Error) => void;
}

/**
 * Bounds how long many things wait, each equally long. One timer serves all of them, so that a wait costs next to
 * nothing: the first to begin is the first to time out.
 */
export class Deadlines {
  readonly #limitMs: number;
  readonly #uptime: Clock['uptime'];
  readonly #reason: string;
  /** In the order in which they are due. */
  readonly #waits = new Set<Wait>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param limitMs how long each may wait, in milliseconds
   * @param uptime milliseconds, on the monotonic clock
   * @param option that sets the limit, if one does
   */
  constructor(limitMs: number, uptime: Clock['uptime'], option?: string) {
    this.#limitMs = limitMs;
    this.#uptime = uptime;
    this.#reason = `no answer within ${limitMs / 1000} s${option === undefined ? '' : ` (${option})`}`;
  }

  /** @param giveUp called when the time is up, unless `end` was called before */
  begin(giveUp: (reason: Error) => void): Wait {
    const wait = { due: this.#uptime() + this.#limitMs, giveUp };
    this.#waits.add(wait);
    this.#timer ??= setTimeout(() => this.#look(), this.#limitMs);
    return wait;
  }

  /** @returns whether it still waited */
  end(wait: Wait): boolean {
    return this.#waits.delete(wait);
  }

  /** Gives up all waits at once. */
  endAll(reason: Error): void {
    for (const wait of this.#waits) this.#giveUp(wait, reason);
  }

  /** Gives up the waits whose time is up, and sets the timer for the next one. */
  #look(): void {
    this.#timer = undefined;
    const now = this.#uptime();
    for (const wait of this.#waits) {
      if (wait.due > now) {
        this.#timer = setTimeout(() => this.#look(), wait.due - now);
        return;
      }
      this.#giveUp(wait, new Error(this.#reason));
    }
  }

  #giveUp(wait: Wait, reason: Error): void {
    if (this.#waits.delete(wait)) wait.giveUp(reason);
  }
}
