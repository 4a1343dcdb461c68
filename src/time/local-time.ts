/**
 * Local time in the zone that a main sets at its start; before that in the zone of Node.js.
 * All times are Unix seconds.
 */
import { NODE_ZONE } from './node-zone.ts';
import { DAY } from './units.ts';
import type { Zone } from './zone.ts';

export interface LocalTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** The abbreviation: `CET`, `-03`. */
  readonly zone: string;
}

let chosen: Zone = NODE_ZONE;

/** Sets the zone; called by the mains, once at the start. @param zone undefined: that of Node.js */
export function useZone(zone: Zone | undefined): void {
  chosen = zone ?? NODE_ZONE;
}

export function localTimeOf(seconds: number, zone: Zone = chosen): LocalTime {
  const { offset, name } = zone.at(seconds);
  const date = new Date((seconds + offset) * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    zone: name,
  };
}

/**
 * Returns when it is this local time on this day. Of an hour that occurs twice the first one counts; a skipped
 * one is
 * read as if the clock had not been changed. A day beyond the end of its month is one of the next month.
 * @param month 1 to 12
 */
export function secondsOfLocal(
  year: number,
  month: number,
  day: number,
  hour: number,
  zone: Zone = chosen,
): number {
  const asUtc = Date.UTC(year, month - 1, day, hour) / 1000;
  const before = zone.at(asUtc - DAY).offset;
  const after = zone.at(asUtc + DAY).offset;
  const times = [asUtc - Math.max(before, after), asUtc - Math.min(before, after)];
  return times.find((time) => time + zone.at(time).offset === asUtc) ?? asUtc - before;
}
