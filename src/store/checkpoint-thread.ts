/**
 * Copies SQLite's log into the database (a checkpoint) in a thread of its own, with a connection of its
 * own: whoever commits would wait for a thousand writes all over the file, and for the disk to take them.
 */
import { Worker } from 'node:worker_threads';
import { type Copied, sqliteError } from './sqlite-file.ts';

const MAIN = new URL('./checkpoint-thread-main.js', import.meta.url);

/** It makes next to no garbage. */
const YOUNG_MEGABYTES = 1;

/** The message at which the thread closes its connection and ends. */
export const END = 'end';

export interface CheckpointSettings {
  /** Of the database. */
  readonly path: string;
  /** The file that it must be, see `identityOf`: another one has another log. */
  readonly identity: string | undefined;
}

export type CheckpointReply = Copied | { readonly error: string; readonly code: string };

/** The system allows no thread, or the thread has died. */
export class NoThreadError extends Error {
  override readonly name = 'NoThreadError';
}

interface Waiting {
  readonly resolve: (copied: Copied) => void;
  readonly reject: (error: Error) => void;
}

export class CheckpointThread {
  readonly #settings: CheckpointSettings;
  readonly #main: URL;
  #worker: Worker | undefined;
  #waiting: Waiting | undefined;

  /** @param main the program of the thread */
  constructor(settings: CheckpointSettings, main = MAIN) {
    this.#settings = settings;
    this.#main = main;
  }

  /**
   * Copies what is in the log now. One at a time; the first one starts the thread.
   * @throws {NoThreadError} (rejects)
   * @throws (rejects) SQLite's error if it cannot be copied
   */
  run(): Promise<Copied> {
    return new Promise((resolve, reject) => {
      this.#worker ??= this.#start();
      this.#waiting = { resolve, reject };
      this.#worker.postMessage('checkpoint');
    });
  }

  /** Waits for the one under way, and closes the connection. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage(END);
    await ended;
  }

  #start(): Worker {
    const worker = new Worker(this.#main, {
      workerData: this.#settings,
      name: 'greyd checkpoint',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
    });
    let cause: unknown = 'it has ended';
    worker.on('message', (reply: CheckpointReply) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if ('error' in reply) waiting?.reject(sqliteError(reply.error, reply.code));
      else waiting?.resolve(reply);
    });
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      this.#waiting?.reject(new NoThreadError(`no checkpoint thread: ${cause}`));
      this.#waiting = undefined;
    });
    return worker;
  }
}
