/**
 * Lines to syslog, for a daemon in the background: `postgrey[PID]: …`, or another ident. They go
 * through logger(1), which every Debian has: Node.js has no datagram sockets for /dev/log, and a
 * syslog daemon that stands still then stops that process, not this one.
 *
 * logger(1) looks for /dev/log again at each line that it cannot deliver. As with syslog(3), lines are
 * lost while no syslog daemon is there; while one is there and reads nothing, they wait.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { LineWriter, type LogSink, lostText } from './sink.ts';

/** Facilities by the names of syslog(3), and their codes (RFC 5424, section 6.2.1). */
const FACILITY_CODES = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export const FACILITIES = Object.keys(FACILITY_CODES);

/** The ident that the parsers of postgrey's log look for. */
export const DEFAULT_IDENT = 'postgrey';
/** What a syslog daemon takes of one line; the rest is cut off, for logger(1) would make a line of its own of it. */
const MAX_LINE_BYTES = 8192;

/** pino's level of warnings. */
const WARN = 40;

export interface SyslogSettings {
  readonly ident: string;
  /** One of FACILITIES. */
  readonly facility: string;
  readonly pid: number;
}

/**
 * Starts logger(1) and writes to it until `close`; one that dies is started again.
 * @throws (rejects) if logger(1) cannot be started
 */
export async function syslogSink(settings: SyslogSettings): Promise<LogSink> {
  let logger: Logger | undefined;
  const inSyslog = (line: string, level: number) => `<${priority(settings.facility, level)}>${cut(line)}`;
  const writer = new LineWriter(
    () => {
      logger = startLogger(settings);
      return logger.stdin;
    },
    (count) => inSyslog(lostText(count), WARN),
  );
  if (logger !== undefined) await once(logger, 'spawn');
  return {
    write: (line, level) => writer.write(inSyslog(line, level)),
    async close() {
      await writer.finish();
      if (logger === undefined || logger.exitCode !== null || logger.signalCode !== null) return;
      logger.stdin.end();
      await once(logger, 'close');
    },
  };
}

type Logger = ChildProcessByStdio<Writable, null, null>;

/** @throws if there is no memory, or no file descriptor, for another process */
function startLogger({ ident, facility, pid }: SyslogSettings): Logger {
  const options = [
    `--tag=${ident}`,
    `--id=${pid}`,
    `--priority=${facility}.info`,
    '--prio-prefix',
    `--size=${MAX_LINE_BYTES}`,
    // Where systemd runs, a logger that finds no /dev/log would end at once.
    '--socket-errors=off',
  ];
  const logger = spawn('logger', options, { stdio: ['pipe', 'ignore', 'ignore'] });
  // A logger that cannot start, or went away, shows in its stdin.
  logger.on('error', () => {});
  if (!logger.stdin) throw new Error('logger(1) cannot be started');
  logger.unref();
  return logger;
}

function cut(line: string): string {
  if (Buffer.byteLength(line) <= MAX_LINE_BYTES) return line;
  // A character that is cut through is left out.
  return Buffer.from(line)
    .toString('utf8', 0, MAX_LINE_BYTES)
    .replace(/\ufffd+$/, '');
}

/**
 * facility * 8 + severity, as syslog(3) counts them. `level` is pino's. Lines about single requests are
 * notices, as in postgrey: what a site has its syslog daemon do with `mail.notice` goes on to hold.
 */
function priority(facility: string, level: number): number {
  const severity = level >= 50 ? 3 : level >= WARN ? 4 : level >= 30 ? 5 : 7;
  return (FACILITY_CODES[facility as keyof typeof FACILITY_CODES] ?? FACILITY_CODES.mail) * 8 + severity;
}
