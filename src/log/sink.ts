/**
 * Where the lines of the log go. Nothing here waits for whoever reads them: lines of one turn of the
 * event loop are written in one piece, what is not taken yet is bounded by MAX_WAITING_BYTES, and
 * beyond that lines are lost, and how many is said when there is room again. When nobody reads any
 * more, all are lost. Mail is not.
 */
import type { Writable } from 'node:stream';

export interface LogSink {
  /** @param level pino's: 20 debug, 30 info, 35 notice, 40 warn, 50 error */
  write(line: string, level: number): void;
  /** Settles when what waits is written, or never if nobody takes it; nothing is written after it. */
  close(): Promise<void>;
}

const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** How long lines wait until a stream that has failed is opened anew, in milliseconds. */
const REOPEN_AFTER_MS = 1000;

/** Writes lines to a stream, and to a new one when that has failed. */
export class LineWriter {
  readonly #open: () => Writable | undefined;
  readonly #lostLine: (count: number) => string;
  /** undefined: there is none now; lines wait. */
  #stream: Writable | undefined;
  /** No more lines are taken. */
  #isOver = false;
  #lines = '';
  /** Lines for which there was no room. */
  #lost = 0;

  /**
   * @param open returns undefined if there is nothing to write to any more; if it throws, not the
   *   first time, it is asked again later
   * @param lostLine makes a line of how many lines were lost
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

  /** Settles when all lines are written, or the stream has failed; no line is taken after it. */
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
    // EPIPE, ENOSPC: what the stream had taken is lost; the lines after that go to a new one.
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
  return `${count} lines of the log were lost: they are not taken as fast as they come`;
}
