/**
 * Copies SQLite's log into the database (a checkpoint) in a thread of its own: the thread that commits
 * would wait for a thousand writes all over the file, and for the disk to take them.
 *
 * It waits for nobody and keeps nobody from writing (https://sqlite.org/wal.html#ckpt, PASSIVE). The log
 * begins anew only when all of it is copied at the moment of a commit, which is for whoever commits to
 * bring about.
 */
import { Worker } from 'node:worker_threads';

const MAIN = new URL('./checkpointer-main.js', import.meta.url);

/** It makes next to no garbage. */
const YOUNG_MEGABYTES = 1;

/** The message at which the thread closes its connection and ends. */
export const END = 'end';

export type CheckpointReply = { readonly pages: number } | { readonly error: string };

interface Waiting {
  readonly resolve: (pages: number) => void;
  readonly reject: (error: Error) => void;
}

export class Checkpointer {
  readonly #path: string;
  readonly #main: URL;
  #worker: Worker | undefined;
  #waiting: Waiting | undefined;

  /**
   * @param path of the database
   * @param main the program of the thread
   */
  constructor(path: string, main = MAIN) {
    this.#path = path;
    this.#main = main;
  }

  /**
   * Copies what is in the log now. One at a time; the first one starts the thread.
   * @returns how many pages the log has
   * @throws (rejects) if it cannot be copied, or the system allows no thread
   */
  run(): Promise<number> {
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
      workerData: this.#path,
      name: 'greyd checkpoint',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
    });
    let failure = new Error('the checkpoint thread has ended');
    worker.on('message', (reply: CheckpointReply) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if ('pages' in reply) waiting?.resolve(reply.pages);
      else waiting?.reject(new Error(reply.error));
    });
    worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      this.#waiting?.reject(failure);
      this.#waiting = undefined;
    });
    return worker;
  }
}
