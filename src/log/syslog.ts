/**
 * The log in syslog, for a daemon in the background: `postgrey[PID]: …`, or another ident. Lines go
 * through logger(1), which every Debian has: Node.js has no datagram sockets for /dev/log, and a
 * syslog daemon that hangs then blocks that process, not this one.
 *
 * logger(1) looks for /dev/log again at each line that it cannot deliver. As with syslog(3), lines are
 * lost without a running syslog daemon; while it runs and reads nothing, they wait.
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
/** The longest line of a syslog daemon; the rest is cut off, since logger(1) would make another line of it. */
const MAX_SYSLOG_BYTES = 8192;

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

/** @throws if the system has no memory, or no file descriptor, for another process */
function startLogger({ ident, facility, pid }: SyslogSettings): Logger {
  const options = [
    `--tag=${ident}`,
    `--id=${pid}`,
    `--priority=${facility}.info`,
    '--prio-prefix',
    `--size=${MAX_SYSLOG_BYTES}`,
    // On a host with systemd, a logger that finds no /dev/log would end at once.
    '--socket-errors=off',
  ];
  const logger = spawn('logger', options, { stdio: ['pipe', 'ignore', 'ignore'] });
  // The error shows in its stdin as well.
  logger.on('error', () => {});
  if (!logger.stdin) throw new Error('logger(1) cannot be started');
  logger.unref();
  return logger;
}

function cut(line: string): string {
  if (Buffer.byteLength(line) <= MAX_SYSLOG_BYTES) return line;
  // Drop a character that is cut in half.
  return Buffer.from(line)
    .toString('utf8', 0, MAX_SYSLOG_BYTES)
    .replace(/\ufffd+$/, '');
}

/**
 * Returns facility * 8 + severity, as in syslog(3). `level` is pino's. Lines about requests are
 * notices, as in postgrey, so that a site's syslog rules for `mail.notice` still apply.
 */
function priority(facility: string, level: number): number {
  const severity = level >= 50 ? 3 : level >= WARN ? 4 : level >= 30 ? 5 : 7;
  return (FACILITY_CODES[facility as keyof typeof FACILITY_CODES] ?? FACILITY_CODES.mail) * 8 + severity;
}
