/**
 * A thread that is started when it is first needed, and anew after it has died.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads';

export interface WorkerThreadSettings {
  /** The program of the thread. */
  readonly main: URL;
  /** Shown by top(1) and ps(1). */
  readonly name: string;
  readonly data: unknown;
  /** Bound of V8's young generation, in megabytes. */
  readonly youngMegabytes: number;
}

export interface WorkerThreadEvents<Received> {
  readonly received: (message: Received) => void;
  /** @param cause what ended it; undefined: it ended by itself */
  readonly ended: (cause: unknown) => void;
}

export class WorkerThread<Sent, Received> {
  readonly #settings: WorkerThreadSettings;
  readonly #events: WorkerThreadEvents<Received>;
  #worker: Worker | undefined;

  constructor(settings: WorkerThreadSettings, events: WorkerThreadEvents<Received>) {
    this.#settings = settings;
    this.#events = events;
  }

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Starts the thread, unless it runs. @throws if the system allows no more threads */
  start(): void {
    this.#worker ??= this.#started();
  }

  /** Sends a message, if the thread runs. */
  post(message: Sent): void {
    this.#worker?.postMessage(message);
  }

  /** Sends a last message, and settles when the thread has ended. */
  async end(message: Sent): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage(message);
    await ended;
  }

  #started(): Worker {
    const { main, name, data, youngMegabytes } = this.#settings;
    const options: WorkerOptions = {
      workerData: data,
      name,
      resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
    };
    const worker = new Worker(main, options);
    let cause: unknown;
    worker.on('message', (message: Received) => this.#events.received(message));
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      this.#events.ended(cause);
    });
    return worker;
  }
}
