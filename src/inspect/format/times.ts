/**
 * Formats times and durations. All times are Unix seconds.
 */
import type { UnixSeconds } from '../../time/clock.ts';
import { localTimeOf } from '../../time/local-time.ts';

/** Returns a time for programs: `2026-11-26T05:00:00Z`. */
export function utc(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Returns local time with its zone: `2026-11-26 06:00:00 CET`. */
export function localTime(seconds: number): string {
  return `${shortTime(seconds)} ${localTimeOf(seconds).zone}`;
}

/** Returns local time without the zone, as in mail.log: `2026-11-26 06:00:00`. */
export function shortTime(seconds: number): string {
  const { year, month, day, hour, minute, second } = localTimeOf(seconds);
  const date = [year, month, day].map(twoDigits);
  const time = [hour, minute, second].map(twoDigits);
  return `${date.join('-')} ${time.join(':')}`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** Returns a duration in its largest unit and the next smaller one: `45 s`, `5 min 10 s`, `2 d 3 h`. */
export function duration(seconds: number): string {
  const index = UNITS.findIndex(([, size]) => seconds >= size);
  if (index === -1) return '0 s';
  let rest = seconds;
  return UNITS.slice(index, index + 2)
    .flatMap(([unit, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return count > 0 ? [`${count} ${unit}`] : [];
    })
    .join(' ');
}

/** Returns local time and its distance from now: `2026-11-26 06:00:00 CET, 3 min 20 s ago`, or `…, in 20 s`. */
export function moment(seconds: number, now: UnixSeconds): string {
  const distance = seconds <= now ? `${duration(now - seconds)} ago` : `in ${duration(seconds - now)}`;
  return `${localTime(seconds)}, ${distance}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
