/**
 * The life of the process. Signals are caught from the first moment on; open parts are closed
 * in the opposite order when the process ends, by a signal or because its start failed.
 */
import { asError } from '../errors/text.ts';
import { ignoreStraySignals } from './signals.ts';
import { END_LIMIT_MS } from './stop-budgets.ts';

/** Closes one thing; `reason` says why the process ends, for the log. */
type Closer = (reason: string) => void | Promise<void>;

export class Lifetime {
  readonly #closers: Closer[] = [];
  #isEnding = false;
  #onHangup: (() => void) | undefined;
  #isHangupWaiting = false;
  #onStraySignal: (signal: string) => void = () => {};
  #reportError: (error: Error) => void = ({ stack }) =>
    process.stderr.write(`greyd: internal error: ${stack}\n`);

  constructor() {
    // An unrequested end is a failure.
    process.exitCode = 1;
    process.on('SIGTERM', () => void this.end('SIGTERM received', 0));
    process.on('SIGINT', () => void this.end('SIGINT received', 0));
    process.on('SIGQUIT', () => void this.end('SIGQUIT received', 0));
    process.on('SIGHUP', () => this.#hangup());
    ignoreStraySignals((signal) => this.#onStraySignal(signal));
    process.on('uncaughtException', (error) => {
      this.#reportError(error);
      void this.end('internal error', 1);
    });
  }

  /**
   * Adds a part: parts are closed in the opposite order.
   * @throws if the end has begun: then nothing more must be opened
   */
  onEnd(closer: Closer): void {
    if (this.#isEnding) throw new Error('greyd is stopping');
    this.#closers.push(closer);
  }

  /** Sets the handler of SIGHUP; called at once if there was one already. */
  onHangup(handler: () => void): void {
    this.#onHangup = handler;
    if (this.#isHangupWaiting) handler();
  }

  /** Sets the handler of signals without a meaning; called with their name. */
  onStraySignal(handler: (signal: string) => void): void {
    this.#onStraySignal = handler;
  }

  /** Takes over uncaught errors, before the process ends because of them. */
  onInternalError(report: (error: Error) => void): void {
    this.#reportError = report;
  }

  /**
   * Closes everything and exits. Only the first call counts.
   * @param lastWords called when all is closed
   */
  async end(reason: string, status: number, lastWords: () => void | Promise<void> = () => {}): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const exit = async () => {
      await lastWords();
      process.exit(status);
    };
    setTimeout(exit, END_LIMIT_MS);
    for (const close of this.#closers.toReversed()) {
      try {
        await close(reason);
      } catch (error) {
        this.#reportError(asError(error));
      }
    }
    await exit();
  }

  /** Has the process end by SIGKILL: process.exit() would wait for a thread that waits for the disk. */
  killAtExit(): void {
    process.once('exit', () => process.kill(process.pid, 'SIGKILL'));
  }

  #hangup(): void {
    if (this.#onHangup === undefined) this.#isHangupWaiting = true;
    else this.#onHangup();
  }
}
