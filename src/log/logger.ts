/**
 * The daemon's log: plain lines for people and for the parsers of postgrey's log, or JSON (one object per
 * line, by pino) for machines. Every line goes through `printable`.
 */
import { pino } from 'pino';
import { type ActionEntry, actionFields, actionLine } from './action-line.ts';
import { printable } from './printable.ts';
import type { LogSink } from './sink.ts';

export interface Log {
  debug(text: string): void;
  /** Logs how a request was answered. */
  action(entry: ActionEntry): void;
  /** Logs what greyd itself does. */
  notice(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

export type LogFormat = 'text' | 'json';
/** quiet: no lines about requests; verbose: more details. */
export type LogLevel = 'quiet' | 'normal' | 'verbose';

export interface LoggerSettings {
  readonly format: LogFormat;
  readonly level: LogLevel;
}

/** pino's levels, and `notice` between two of them. */
const LEVELS = { debug: 20, info: 30, notice: 35, warn: 40, error: 50 } as const;
/** The lowest level that is logged. */
const LOWEST = { quiet: 'notice', normal: 'info', verbose: 'debug' } as const;

export function createLogger({ format, level }: LoggerSettings, sink: LogSink): Log {
  return format === 'text' ? textLog(LEVELS[LOWEST[level]], sink) : jsonLog(LOWEST[level], sink);
}

function textLog(lowest: number, sink: LogSink): Log {
  const at = (level: number) => (text: string) => {
    if (level >= lowest) sink.write(printable(text), level);
  };
  const info = at(LEVELS.info);
  return {
    debug: at(LEVELS.debug),
    action: LEVELS.info < lowest ? () => {} : (entry) => info(actionLine(entry)),
    notice: at(LEVELS.notice),
    warn: at(LEVELS.warn),
    error: at(LEVELS.error),
  };
}

function jsonLog(level: keyof typeof LEVELS, sink: LogSink): Log {
  // pino passes the level of a line to a stream that has this symbol.
  const stream = {
    [Symbol.for('pino.metadata')]: true,
    lastLevel: LEVELS.info,
    write(json: string): void {
      sink.write(printable(json.trimEnd()), stream.lastLevel);
    },
  };
  const logger = pino({ level, customLevels: { notice: LEVELS.notice } }, stream);
  return {
    debug: (text) => logger.debug(text),
    action: (entry) => logger.info(actionFields(entry), actionLine(entry)),
    notice: (text) => logger.notice(text),
    warn: (text) => logger.warn(text),
    error: (text) => logger.error(text),
  };
}
