/**
 * The writer of log lines. greyd never waits for the log reader: lines of one turn of the event loop are
 * written in one piece, unread lines are bounded by MAX_WAITING_BYTES, and beyond that lines are dropped; how
 * many is logged when there is room again. When the reader is gone, all lines are dropped. Mail is not affected.
 */
import type { Writable } from 'node:stream';

export interface LogSink {
  /** @param level pino's: 20 debug, 30 info, 35 notice, 40 warn, 50 error */
  write(line: string, level: number): void;
  /** Settles when waiting lines are written, or never if the reader takes none; nothing is written after it. */
  close(): Promise<void>;
}

const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Milliseconds until a failed stream is opened again. */
const REOPEN_AFTER_MS = 1000;

/** Writes lines to a stream, and to a new one when that has failed. */
export class LineWriter {
  readonly #open: () => Writable | undefined;
  readonly #lostLine: (count: number) => string;
  /** undefined: no stream is open now; lines wait. */
  #stream: Writable | undefined;
  /** True if no more lines are accepted. */
  #isOver = false;
  #lines = '';
  /** Lines dropped for lack of room. */
  #lost = 0;

  /**
   * @param open returns undefined if there is nothing left to write to; if a later call throws, it is
   *   called again after a pause
   * @param lostLine makes a log line from the number of dropped lines
   */
  constructor(open: () => Writable | undefined, lostLine: (count: number) => string = lostText) {
    this.#open = open;
    this.#lostLine = lostLine;
    this.#openStream();
  }

  write(line: string): void {
    const waiting = this.#lines.length + (this.#stream?.writableLength ?? 0);
    if (this.#isOver) return;
    if (waiting > MAX_WAITING_BYTES) {
      this.#lost += 1;
      return;
    }
    if (this.#lines === '') setImmediate(() => this.#flush());
    if (this.#lost > 0) this.#lines += `${this.#lostLine(this.#lost)}\n`;
    this.#lost = 0;
    this.#lines += `${line}\n`;
  }

  /** Settles when all lines are written, or the stream has failed; accepts no line after it. */
  async finish(): Promise<void> {
    if (this.#stream === undefined) this.#reopen();
    this.#isOver = true;
    this.#flush();
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed) return;
    await new Promise<void>((resolve) => {
      stream.once('error', () => resolve());
      stream.once('close', resolve);
      stream.write('', () => resolve());
    });
  }

  #flush(): void {
    if (this.#lines === '' || this.#stream === undefined || this.#stream.destroyed) return;
    this.#stream.write(this.#lines);
    this.#lines = '';
  }

  #openStream(): void {
    const stream = this.#open();
    if (stream === undefined) {
      this.#isOver = true;
      this.#lines = '';
      return;
    }
    this.#stream = stream;
    // EPIPE, ENOSPC: lines in the stream are lost; later lines go to a new one.
    const fail = () => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#reopenLater();
    };
    stream.on('error', fail);
    stream.on('close', fail);
  }

  #reopenLater(): void {
    setTimeout(() => this.#reopen(), REOPEN_AFTER_MS).unref();
  }

  #reopen(): void {
    if (this.#stream !== undefined || this.#isOver) return;
    try {
      this.#openStream();
      this.#flush();
    } catch {
      this.#reopenLater();
    }
  }
}

export function lostText(count: number): string {
  return `${count} log ${count === 1 ? 'line' : 'lines'} dropped: the log reader is too slow`;
}
