/**
 * Copies SQLite's log into the database (a checkpoint) in a thread and with a connection of its
 * own: a commit would have to wait for a thousand writes all over the file, and for the disk.
 */
import { WorkerThread } from '../worker.ts';
import { sqliteError } from './file.ts';
import type { KnownFiles } from './file-identity.ts';

const MAIN = new URL('./checkpoint-thread-main.js', import.meta.url);

/** The thread makes next to no garbage. */
const CHECKPOINT_YOUNG_MEGABYTES = 1;

/** The message at which the thread closes its connection and ends. */
export const END = 'end' as const;

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
  readonly #thread: WorkerThread<'checkpoint' | typeof END, CheckpointReply>;
  #waiting: Waiting | undefined;

  /** @param main the program of the thread */
  constructor(settings: CheckpointSettings, main = MAIN) {
    this.#thread = new WorkerThread(
      { main, name: 'greyd checkpoint', data: settings, youngMegabytes: CHECKPOINT_YOUNG_MEGABYTES },
      { received: (reply) => this.#receive(reply), ended: (cause) => this.#ended(cause) },
    );
  }

  /**
   * Copies the current log. One run at a time; the first one starts the thread.
   * @returns the number of pages in the log
   * @throws (rejects) SQLite's error if it cannot be copied; one without a code of SQLite if there is no
   *   thread, or it has no connection
   */
  run(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#thread.start();
      this.#waiting = { resolve, reject };
      this.#thread.post('checkpoint');
    });
  }

  /** Waits for the current run, and closes the connection. */
  async close(): Promise<void> {
    await this.#thread.end(END);
  }

  #receive(reply: CheckpointReply): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if ('pages' in reply) waiting?.resolve(reply.pages);
    else waiting?.reject(reply.code === '' ? new Error(reply.error) : sqliteError(reply.error, reply.code));
  }

  #ended(cause: unknown = 'it has ended'): void {
    this.#waiting?.reject(new Error(`no checkpoint thread: ${cause}`));
    this.#waiting = undefined;
  }
}
