/**
 * Reads the time at the beginning of a log line:
 *
 *   Nov 23 20:44:09                      traditional syslog, journalctl; seconds may have a fraction
 *   2026-11-23T22:53:57.160079+00:00     RFC 3339, rsyslog's own; also journalctl -o short-iso
 *   {"level":30,"time":1795474437160,…   an object of --log-format=json, in milliseconds
 *
 * A traditional time has no year and no zone. The zone is taken to be that of this host. The year is the
 * one that brings the time nearest to that of the line before, so that a log may run over New Year; for the
 * first line, nearest to now.
 *
 * Known limit: a gap of more than half a year between two traditional times is taken for a shorter one.
 */
import type { UnixSeconds } from '../time/clock.ts';
import { localTimeOf, secondsOfLocal } from '../time/local-time.ts';

export interface LogTime {
  /** Unix time. */
  readonly seconds: number;
  /** The time as in the log, without fraction and zone; that of an object in the form of RFC 3339. */
  readonly text: string;
  /** The rest of the line after the time and a blank; an object as a whole. */
  readonly rest: string;
}

const TRADITIONAL = /^(([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d))(?:\.\d+)? /;
const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d):?(\d\d)? /;
const OBJECT = /^\{"level":\d+,"time":(\d{1,15}),/;
const MONTH_NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Reads the times of the lines of a log, which must come in their order. */
export class LogClock {
  /** Unix time of the line before; for the first line, now. */
  #seconds: number;
  /** The hour of the last traditional time: `Nov 23 20`, and when it began. */
  #hour = { text: '', start: 0 };

  constructor(now: UnixSeconds) {
    this.#seconds = now;
  }

  /** @returns undefined if the line does not begin with a time */
  read(line: string): LogTime | undefined {
    const time = this.#traditional(line) ?? rfc3339(line) ?? ofObject(line);
    if (time !== undefined) this.#seconds = time.seconds;
    return time;
  }

  #traditional(line: string): LogTime | undefined {
    const [all, text = '', month = '', day, hour, minute, second] = TRADITIONAL.exec(line) ?? [];
    if (all === undefined) return undefined;
    const hourText = text.slice(0, 9);
    if (hourText !== this.#hour.text) {
      const start = this.#nearest(MONTH_NAMES.indexOf(month) + 1, Number(day), Number(hour));
      if (start === undefined) return undefined;
      this.#hour = { text: hourText, start };
    }
    const seconds = this.#hour.start + Number(minute) * 60 + Number(second);
    return { seconds, text, rest: line.slice(all.length) };
  }

  /** Returns the beginning of an hour in the year that brings it nearest to the line before. */
  #nearest(month: number, day: number, hour: number): number | undefined {
    const { year } = localTimeOf(this.#seconds);
    const distance = (seconds: number) => Math.abs(seconds - this.#seconds);
    const [nearest] = [year - 1, year, year + 1]
      .map((year) => secondsOfLocal(year, month, day, hour))
      // Not every year has a 29th of February, and nothing has a 40th of Foo.
      .filter((seconds) => {
        const time = localTimeOf(seconds);
        return time.month === month && time.day === day;
      })
      .sort((a, b) => distance(a) - distance(b));
    return nearest;
  }
}

function rfc3339(line: string): LogTime | undefined {
  const [all, text = '', hours = '', minutes] = RFC_3339.exec(line) ?? [];
  if (all === undefined) return undefined;
  const milliseconds = Date.parse(text + hours + (minutes === undefined ? '' : `:${minutes}`));
  if (Number.isNaN(milliseconds)) return undefined;
  return { seconds: Math.floor(milliseconds / 1000), text, rest: line.slice(all.length) };
}

function ofObject(line: string): LogTime | undefined {
  const [, digits] = OBJECT.exec(line) ?? [];
  if (digits === undefined) return undefined;
  const seconds = Math.floor(Number(digits) / 1000);
  return { seconds, text: new Date(seconds * 1000).toISOString().replace('.000', ''), rest: line };
}
