/**
 * Reads the lines of a mail log, as syslog daemons and journalctl write them:
 *
 *   line :== time " " host " " ident [ "[" pid "]" ] ": " message | object
 *
 * Times are read by log-time, messages and objects by logged-action. The ident may be any. Lines of
 * other programs, and broken ones, count only for the time that they show.
 *
 * Known limits: lines without a time (what the daemon writes to a terminal) are not read, nor is what
 * rsyslog makes of repeated lines (`message repeated 2 times: [...]`).
 */
import { type IpAddress, parseAddress } from '../address/ip.ts';
import { LogClock } from './log-time.ts';
import { type LoggedAction, readLoggedAction } from './logged-action.ts';

export interface LogEntry extends LoggedAction {
  /** Unix time. */
  readonly time: number;
  /** The same as the log writes it. */
  readonly timeText: string;
  readonly client: IpAddress;
}

const HOST_AND_IDENT = /^\S+ [^\s:[\]]+(?:\[\d+\])?: /;

export class MailLog {
  /** The latest time in the log so far; undefined before the first. */
  end: number | undefined;
  readonly #clock: LogClock;

  /** @param now Unix time, for times without a year */
  constructor(now: number) {
    this.#clock = new LogClock(now);
  }

  /** @returns undefined if the line tells of no answered request */
  read(line: string): LogEntry | undefined {
    const time = this.#clock.read(line);
    if (time === undefined) return undefined;
    this.end = Math.max(time.seconds, this.end ?? time.seconds);
    const action = readLoggedAction(withoutIdent(time.rest));
    const client = parseAddress(action?.clientAddress ?? '');
    if (action === undefined || client === undefined) return undefined;
    return { ...action, client, time: time.seconds, timeText: time.text };
  }
}

/** The message of a line, whatever stands before it; a message alone stays as it is. */
export function messageOf(line: string): string {
  const time = new LogClock(0).read(line);
  return time === undefined ? withoutIdent(line) : withoutIdent(time.rest);
}

function withoutIdent(text: string): string {
  return text.replace(HOST_AND_IDENT, '');
}
