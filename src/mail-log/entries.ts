/**
 * Reads the lines of a mail log, as syslog daemons and journalctl write them:
 *
 *   line :== [ time " " ] [ host " " ident [ "[" pid "]" ] ": " ] message | object
 *
 * Times are read by log-time, messages and objects by logged-action. Any ident is read. Lines that the daemon writes
 * to a terminal, and those of `journalctl -o cat`, have neither time nor ident. From lines of other programs and
 * malformed lines only the time is taken.
 *
 * Known limit: repeated lines that rsyslog has joined (`message repeated 2 times: [...]`) are not read.
 */
import { type IpAddress, parseAddress } from '../address/ip.ts';
import type { UnixSeconds } from '../time/clock.ts';
import { type ReadAction, readLoggedAction } from './action.ts';
import { LogClock } from './time.ts';

export interface LogEntry extends ReadAction {
  /** Unix time; undefined if the line has none. */
  readonly time: number | undefined;
  /** The time as in the log; empty if the line has none. */
  readonly timeText: string;
  readonly client: IpAddress;
}

const HOST_AND_IDENT = /^\S+ [^\s:[\]]+(?:\[\d+\])?: /;

export class MailLog {
  /** The latest time in the log so far; undefined before the first. */
  end: number | undefined;
  readonly #clock: LogClock;

  /** @param now Unix time, for times without a year */
  constructor(now: UnixSeconds) {
    this.#clock = new LogClock(now);
  }

  /** @returns undefined if the line is about no answered request */
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

/** Returns the texts that may be the message of a line, without time, host and ident. */
export function messagesOf(line: string): readonly string[] {
  return bothForms(new LogClock(0).read(line)?.rest ?? line);
}

/** Returns the text without host and ident, and the whole text: `4F2A: reject: ` could be host and ident. */
function bothForms(text: string): readonly string[] {
  const message = text.replace(HOST_AND_IDENT, '');
  return message === text ? [text] : [message, text];
}
