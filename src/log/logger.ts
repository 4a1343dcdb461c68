/**
 * The log, written by pino: plain lines for people and for the parsers of postgrey's log, or JSON
 * (one object per line) for machines. Everything that leaves goes through `printable`.
 */
import { pino } from 'pino';
import { printable } from './printable.ts';
import type { LogSink } from './sink.ts';

/** `info` is for the lines about single requests, `notice` for what greyd itself does. */
export type Log = Pick<pino.Logger<'notice'>, 'debug' | 'info' | 'notice' | 'warn' | 'error'>;

export type LogFormat = 'text' | 'json';
/** quiet: no lines about single requests; verbose: details as well. */
export type LogLevel = 'quiet' | 'normal' | 'verbose';

const CUSTOM_LEVELS = { notice: 35 };
const PINO_LEVELS = { quiet: 'notice', normal: 'info', verbose: 'debug' } as const;

export interface LoggerSettings {
  readonly format: LogFormat;
  readonly level: LogLevel;
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

/** What an error says, on one line. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
