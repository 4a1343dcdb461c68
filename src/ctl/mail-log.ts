/**
 * Reads the lines of a mail log, as syslog daemons and journalctl write them:
 *
 *   line :== [ time " " ] [ host " " ident [ "[" pid "]" ] ": " ] message | object
 *
 * Times are read by log-time, messages and objects by logged-action. The ident may be any. What the daemon
 * writes to a terminal, and `journalctl -o cat`, has neither time nor ident. Lines of other programs, and broken
 * ones, count only for the time that they show.
 *
 * Known limit: what rsyslog makes of repeated lines (`message repeated 2 times: [...]`) is not read.
 */
import { type IpAddress, parseAddress } from '../address/ip.ts';
import { LogClock } from './log-time.ts';
import { type LoggedAction, readLoggedAction } from './logged-action.ts';

export interface LogEntry extends LoggedAction {
  /** Unix time; undefined if the line has none. */
  readonly time: number | undefined;
  /** The same as the log writes it; empty if it does not. */
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
    if (time !== undefined) this.end = Math.max(time.seconds, this.end ?? time.seconds);
    for (const message of bothForms(time?.rest ?? line)) {
      const action = readLoggedAction(message);
      const client = parseAddress(action?.clientAddress ?? '');
      if (action === undefined || client === undefined) continue;
      return { ...action, client, time: time?.seconds, timeText: time?.text ?? '' };
    }
    return undefined;
  }
}

/** What the message of a line may be, whatever stands before it. */
export function messagesOf(line: string): readonly string[] {
  return bothForms(new LogClock(0).read(line)?.rest ?? line);
}

/** With a host and an ident before it, and without: `4F2A: reject: ` could be such. */
function bothForms(text: string): readonly string[] {
  const message = text.replace(HOST_AND_IDENT, '');
  return message === text ? [text] : [message, text];
}
