/**
 * Greylisting in a thread of its own. SQLite waits for the disk in the thread that calls it; there it
 * delays neither connections, nor signals, nor the circuit breaker's time-out.
 *
 * Visits of one turn of the event loop are sent together, in messages of up to BATCH_SIZE, so that the
 * store begins with the first ones while the last ones are read. The first visit starts the thread. A thread that
 * dies (a bug, memory) fails its open visits; the next visit starts a new one, but not within
 * RESTART_PAUSE_MS of the last start.
 */
import type { DecisionCount } from '../decisions/counters.ts';
import { asError, errorText } from '../errors/text.ts';
import type { Submission, Visit } from '../greylist/visit.ts';
import type { Log } from '../log/logger.ts';
import { WorkerThread } from '../store/worker.ts';
import type { Clock, UnixSeconds } from '../time/clock.ts';
import type { Greylisting, Verdict } from './greylister.ts';
import {
  type DecisionBatch,
  type FromThread,
  packVisits,
  type StoreFigures,
  type ThreadData,
  type ThreadLogLevel,
  type ThreadSettings,
  type ToThread,
  type VisitBatch,
  type VisitOutcome,
} from './messages.ts';

/** Minimum time between two starts, in milliseconds, for a thread that dies at once. */
export const RESTART_PAUSE_MS = 1000;

const THREAD_MAIN = new URL('./thread-main.js', import.meta.url);

/** Visits in one message. */
const BATCH_SIZE = 32;

/** V8's heap for young objects in the thread; with V8's default it is no faster, and greyd 25 MB larger. */
const YOUNG_MEGABYTES = 4;

/** A visit whose caller waits. */
interface Call {
  readonly visit: Visit | Submission;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: Error) => void;
}

/** The callbacks of a message. */
interface Batch {
  readonly done: (outcomes: readonly VisitOutcome[]) => void;
  readonly fail: (error: Error) => void;
}

/** A caller that waits for the figures. */
interface Inquiry {
  readonly resolve: (figures: StoreFigures) => void;
  readonly reject: (error: Error) => void;
}

export class GreylisterThread implements Greylisting {
  readonly #log: Pick<Log, ThreadLogLevel>;
  readonly #uptime: Clock['uptime'];
  readonly #thread: WorkerThread<ToThread, FromThread>;
  #startedAt = -RESTART_PAUSE_MS;
  /** Calls of this turn of the event loop, not sent yet. */
  #calls: Call[] = [];
  readonly #batches = new Map<number, Batch>();
  #lastBatch = 0;
  readonly #inquiries: Inquiry[] = [];
  #isEnding = false;
  /** The flag that the thread sees even while it waits for a lock. */
  readonly #ending = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);

  /**
   * @param uptime milliseconds, on the monotonic clock
   * @param main the program of the thread
   */
  constructor(
    settings: ThreadSettings,
    log: Pick<Log, ThreadLogLevel>,
    uptime: Clock['uptime'],
    main = THREAD_MAIN,
  ) {
    this.#log = log;
    this.#uptime = uptime;
    const data: ThreadData = { ...settings, ending: this.#ending };
    this.#thread = new WorkerThread(
      { main, name: 'greyd store', data, youngMegabytes: YOUNG_MEGABYTES },
      { received: (message) => this.#receive(message), ended: (cause) => this.#ended(cause) },
    );
  }

  decide(visit: Visit | Submission): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ visit, resolve, reject });
      if (this.#calls.length === BATCH_SIZE) this.#sendCalls();
      else if (this.#calls.length === 1) setImmediate(() => this.#sendCalls());
    });
  }

  check(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#send({ visits: [] }, { done: () => resolve(), fail: reject });
    });
  }

  /**
   * Saves counts of decisions, see `Store.addDecisions`.
   * @throws (rejects) if that failed
   */
  addDecisions(decisions: readonly DecisionCount[], forgetBefore: UnixSeconds): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#send({ decisions, forgetBefore }, { done: () => resolve(), fail: reject });
    });
  }

  /**
   * Returns the thread's figures of its store; the caller limits how often. Starts no thread, and settles when the
   * running one has time for it.
   * @throws (rejects) if there is none, or if it fails in the meantime
   */
  figures(): Promise<StoreFigures> {
    return new Promise((resolve, reject) => {
      if (!this.#thread.isRunning) return reject(new Error('the store thread has ended'));
      this.#inquiries.push({ resolve, reject });
      this.#thread.post({ figures: true });
    });
  }

  /**
   * Settles when all visits are answered and the store is closed; does not wait for locks of other processes.
   */
  async close(): Promise<void> {
    this.#sendCalls();
    this.#isEnding = true;
    Atomics.store(new Int32Array(this.#ending), 0, 1);
    await this.#thread.end({ end: true });
  }

  #sendCalls(): void {
    const calls = this.#calls;
    if (calls.length === 0) return;
    this.#calls = [];
    this.#send(
      { visits: packVisits(calls.map(({ visit }) => visit)) },
      {
        done: (outcomes) => {
          for (const [index, { resolve, reject }] of calls.entries()) {
            const outcome = outcomes[index] ?? { error: 'the store thread returned no answer' };
            if ('error' in outcome) reject(new Error(outcome.error));
            else resolve(outcome);
          }
        },
        fail: (error) => {
          for (const { reject } of calls) reject(error);
        },
      },
    );
  }

  #send(message: Omit<VisitBatch, 'batch'> | Omit<DecisionBatch, 'batch'>, batch: Batch): void {
    try {
      if (!this.#thread.isRunning) this.#start();
    } catch (error) {
      batch.fail(asError(error));
      return;
    }
    this.#lastBatch += 1;
    this.#batches.set(this.#lastBatch, batch);
    this.#thread.post({ batch: this.#lastBatch, ...message });
  }

  /** @throws if it is too early for another start, or the system allows no more threads */
  #start(): void {
    const isDue = this.#uptime() - this.#startedAt >= RESTART_PAUSE_MS;
    if (!isDue || this.#isEnding) throw new Error('the store thread has ended');
    this.#startedAt = this.#uptime();
    this.#thread.start();
  }

  #ended(cause: unknown): void {
    if (!this.#isEnding) {
      const reason =
        cause === undefined ? 'it ended for no known reason' : (asError(cause).stack ?? errorText(cause));
      this.#log.error(`the store thread has failed, please report it: ${reason}`);
    }
    const open = [...this.#batches.values()];
    this.#batches.clear();
    for (const { fail } of open) fail(new Error('the store thread has failed'));
    for (const { reject } of this.#inquiries.splice(0)) reject(new Error('the store thread has failed'));
  }

  #receive(message: FromThread): void {
    if ('log' in message) {
      this.#log[message.log](message.text);
      return;
    }
    if ('figures' in message) {
      this.#inquiries.shift()?.resolve(message.figures);
      return;
    }
    const batch = this.#batches.get(message.batch);
    this.#batches.delete(message.batch);
    if ('error' in message) batch?.fail(new Error(message.error));
    else batch?.done(message.outcomes);
  }
}
