/**
 * Where the lines of the log go. Nothing here waits for whoever reads them: lines of one turn of the
 * event loop are written in one piece, what is not taken yet is bounded by MAX_WAITING_BYTES, and
 * beyond that, or when nobody reads any more, lines are lost. Mail is not.
 */
import type { Writable } from 'node:stream';

export interface LogSink {
  /** @param level pino's: 20 debug, 30 info, 35 notice, 40 warn, 50 error */
  write(line: string, level: number): void;
  /** Settles when what waits is written, or never if nobody takes it; nothing is written after it. */
  close(): Promise<void>;
}

const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** Writes lines to a stream, and to a new one when that has failed. */
export class LineWriter {
  readonly #open: () => Writable | undefined;
  #stream: Writable | undefined;
  #lines = '';

  /** @param open undefined: there is nothing to write to (any more) */
  constructor(open: () => Writable | undefined) {
    this.#open = open;
    this.#stream = this.#openStream();
  }

  write(line: string): void {
    const waiting = this.#lines.length + (this.#stream?.writableLength ?? 0);
    if (waiting > MAX_WAITING_BYTES) return;
    if (this.#lines === '') setImmediate(() => this.#flush());
    this.#lines += `${line}\n`;
  }

  /** Settles when all lines are written, or the stream has failed. */
  async written(): Promise<void> {
    this.#flush();
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed) return;
    await new Promise<void>((resolve) => {
      stream.once('close', resolve);
      stream.write('', () => resolve());
    });
  }

  #flush(): void {
    const lines = this.#lines;
    this.#lines = '';
    if (lines === '') return;
    if (this.#stream?.destroyed) this.#stream = this.#openStream();
    this.#stream?.write(lines);
  }

  #openStream(): Writable | undefined {
    const stream = this.#open();
    // EPIPE, ENOSPC: these lines are lost, and the next ones may go to a new stream.
    stream?.on('error', () => {});
    return stream;
  }
}
