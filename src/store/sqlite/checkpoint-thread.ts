/**
 * Copies SQLite's log into the database (a checkpoint) in a thread and with a connection of its
 * own: a commit would have to wait for a thousand writes all over the file, and for the disk.
 */
import { Worker } from 'node:worker_threads';
import { sqliteError } from './file.ts';
import type { KnownFiles } from './file-identity.ts';

const MAIN = new URL('./checkpoint-thread-main.js', import.meta.url);

/** The thread makes next to no garbage. */
const YOUNG_MEGABYTES = 1;

/** The message at which the thread closes its connection and ends. */
export const END = 'end';

export interface CheckpointSettings {
  /** The path of the database. */
  readonly path: string;
  /** The files that must be there: another database has another log. */
  readonly files: KnownFiles;
}

export type CheckpointReply = { readonly pages: number } | { readonly error: string; readonly code: string };

interface Waiting {
  readonly resolve: (pages: number) => void;
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
   * Copies the current log. One run at a time; the first one starts the thread.
   * @returns the number of pages in the log
   * @throws (rejects) SQLite's error if it cannot be copied; one without a code of SQLite if there is no
   *   thread, or it has no connection
   */
  run(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#worker ??= this.#start();
      this.#waiting = { resolve, reject };
      this.#worker.postMessage('checkpoint');
    });
  }

  /** Waits for the current run, and closes the connection. */
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
      if ('pages' in reply) waiting?.resolve(reply.pages);
      else waiting?.reject(reply.code === '' ? new Error(reply.error) : sqliteError(reply.error, reply.code));
    });
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      this.#waiting?.reject(new Error(`no checkpoint thread: ${cause}`));
      this.#waiting = undefined;
    });
    return worker;
  }
}
