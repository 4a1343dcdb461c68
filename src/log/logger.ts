/**
 * The log, written by pino: plain lines for people and for the parsers of postgrey's log, or JSON
 * (one object per line) for machines. Everything that leaves goes through `printable`.
 *
 * Lines are written asynchronously: whoever reads them slowly, or not at all, does not stop the daemon.
 */
import { pino } from 'pino';
import { printable } from './printable.ts';

/** `info` is for the lines about single requests, `notice` for what greyd itself does. */
export type Log = Pick<pino.Logger<'notice'>, 'debug' | 'info' | 'notice' | 'warn' | 'error'>;

export type LogFormat = 'text' | 'json';
/** quiet: no lines about single requests; verbose: details as well. */
export type LogLevel = 'quiet' | 'normal' | 'verbose';

/** What waits to be written; beyond it lines are lost, mail is not. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

const CUSTOM_LEVELS = { notice: 35 };
const PINO_LEVELS = { quiet: 'notice', normal: 'info', verbose: 'debug' } as const;

export interface LoggerSettings {
  readonly format: LogFormat;
  readonly level: LogLevel;
}

/** Where lines go. `level` is pino's: 20 debug, 30 info, 35 notice, 40 warn, 50 error. */
export interface LogSink {
  write(line: string, level: number): void;
  /** Writes what still waits, before the process ends; nothing is written after it. */
  close(): Promise<void>;
}

export function createLogger({ format, level }: LoggerSettings, sink: LogSink): Log {
  // pino hands the last message and level to a stream that asks for them with this symbol.
  const stream = {
    [Symbol.for('pino.metadata')]: true,
    lastMsg: '',
    lastLevel: 30,
    write(json: string): void {
      const line = format === 'json' ? json.trimEnd() : stream.lastMsg;
      sink.write(printable(line), stream.lastLevel);
    },
  };
  const bare = format === 'text' && { base: null, timestamp: false };
  return pino({ level: PINO_LEVELS[level], customLevels: CUSTOM_LEVELS, ...bare }, stream);
}

/** Writes lines to a file or terminal; what waits to be written is bounded by MAX_WAITING_BYTES. */
export function fileSink(fd: number): LogSink {
  const file = pino.destination({ dest: fd, sync: false, maxLength: MAX_WAITING_BYTES });
  // A full disk, say: lines are lost, mail is not.
  file.on('error', () => {});
  return {
    write: (line) => void file.write(`${line}\n`),
    close: () => new Promise((resolve) => file.flush(() => resolve())),
  };
}

/** What an error says, on one line. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
