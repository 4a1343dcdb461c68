/**
 * Greylisting in a thread of its own. SQLite waits for the disk in the thread that calls it; there it
 * holds up neither connections, nor signals, nor the guard's time-out.
 *
 * Visits of one turn of the event loop go over in one message and come back in one. The first one
 * starts the thread. One that has died (a bug, memory) fails what it had taken; the next visit starts
 * a new one, but not within RESTART_PAUSE_MS of the last start.
 */
import { Worker } from 'node:worker_threads';
import type { Log } from '../log/logger.ts';
import type { Greylisting, Judgement, Visit } from './greylister.ts';
import type { FromThread, LogLevel, Outcome, Task, ThreadSettings, ToThread } from './messages.ts';

/** A thread that dies at once is not to be started again and again. */
export const RESTART_PAUSE_MS = 1000;

const THREAD_MAIN = new URL('./thread-main.js', import.meta.url);

interface Call extends Task {
  readonly settle: (outcome: Outcome) => void;
}

export class GreylisterThread implements Greylisting {
  readonly #settings: ThreadSettings;
  readonly #log: Pick<Log, LogLevel>;
  readonly #clock: () => number;
  readonly #main: URL;
  #worker: Worker | undefined;
  #startedAt = -RESTART_PAUSE_MS;
  /** Of this turn of the event loop. */
  #calls: Call[] = [];
  readonly #batches = new Map<number, readonly Call[]>();
  #lastBatch = 0;
  #isEnding = false;

  /**
   * @param clock milliseconds; nobody sets it
   * @param main the program of the thread
   */
  constructor(settings: ThreadSettings, log: Pick<Log, LogLevel>, clock: () => number, main = THREAD_MAIN) {
    this.#settings = settings;
    this.#log = log;
    this.#clock = clock;
    this.#main = main;
  }

  async judge(visit: Visit): Promise<Judgement> {
    const outcome = await this.#ask(visit);
    if ('judgement' in outcome) return outcome.judgement;
    throw new Error('error' in outcome ? outcome.error : 'no judgement');
  }

  async check(): Promise<void> {
    const outcome = await this.#ask(undefined);
    if ('error' in outcome) throw new Error(outcome.error);
  }

  /** Settles when all visits are answered and the store is closed. */
  async close(): Promise<void> {
    this.#send();
    this.#isEnding = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage({ end: true } satisfies ToThread);
    await ended;
  }

  #ask(visit: Visit | undefined): Promise<Outcome> {
    return new Promise((settle) => {
      this.#calls.push({ visit, settle });
      if (this.#calls.length === 1) setImmediate(() => this.#send());
    });
  }

  #send(): void {
    const calls = this.#calls;
    if (calls.length === 0) return;
    this.#calls = [];
    let worker: Worker;
    try {
      worker = this.#worker ?? this.#start();
    } catch (error) {
      failAll(calls, error instanceof Error ? error.message : String(error));
      return;
    }
    this.#lastBatch += 1;
    this.#batches.set(this.#lastBatch, calls);
    const tasks = calls.map(({ visit }) => ({ visit }));
    worker.postMessage({ batch: this.#lastBatch, tasks } satisfies ToThread);
  }

  /** @throws if it must not be started now, or the system allows no more threads */
  #start(): Worker {
    const isDue = this.#clock() - this.#startedAt >= RESTART_PAUSE_MS;
    if (!isDue || this.#isEnding) throw new Error('the store thread has ended');
    this.#startedAt = this.#clock();
    const worker = new Worker(this.#main, { workerData: this.#settings, name: 'greyd store' });
    let cause = 'it ended without a reason';
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (error) => {
      cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      if (!this.#isEnding) this.#log.error(`the store thread has failed, please report it: ${cause}`);
      const open = [...this.#batches.values()].flat();
      this.#batches.clear();
      failAll(open, 'the store thread has failed');
    });
    this.#worker = worker;
    return worker;
  }

  #receive(message: FromThread): void {
    if ('log' in message) {
      this.#log[message.log](message.text);
      return;
    }
    const calls = this.#batches.get(message.batch) ?? [];
    this.#batches.delete(message.batch);
    for (const [index, { settle }] of calls.entries()) {
      settle(message.outcomes[index] ?? { error: 'the store thread gave no answer' });
    }
  }
}

function failAll(calls: readonly Call[], error: string): void {
  for (const { settle } of calls) settle({ error });
}
