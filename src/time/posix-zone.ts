/**
 * The rule of a time zone as POSIX has it in TZ, and as it ends the files of the tz database:
 *
 *   rule   :== name offset [ name [ offset ] [ "," date "," date ] ]    CET-1CEST,M3.5.0,M10.5.0/3
 *   name   :== 3 letters or more | "<" letters, digits, "+", "-" ">"    <+0330>-3:30
 *   offset :== [ "+" | "-" ] hours [ ":" minutes [ ":" seconds ] ]      what is added to local time for UTC
 *   date   :== ( "M" month "." week "." day | "J" day | day ) [ "/" offset ]
 *
 * The second name is that of summer time, which is an hour ahead, and begins at the first date; at 2:00 if no
 * time is given. Without dates those of the USA count, as in glibc. Week 5 is the last one, day 0 Sunday; J60 is
 * the first of March in each year, and day 59 the sixtieth day.
 */
import { DAY } from './units.ts';
import type { Zone } from './zone.ts';

const ZONE_NAME = '([A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)';
const OFFSET = String.raw`([+-]?\d{1,3}(?::\d{1,2}(?::\d{1,2})?)?)`;
const DATE = String.raw`(M\d{1,2}\.[1-5]\.[0-6]|J?\d{1,3})(?:/${OFFSET})?`;
const RULE = new RegExp(`^${ZONE_NAME}${OFFSET}(?:${ZONE_NAME}${OFFSET}?(?:,${DATE},${DATE})?)?$`);

const DEFAULT_TIME = '2';
const [USA_BEGIN, USA_END] = ['M3.2.0', 'M11.1.0'];

/** @returns undefined if the text is no such rule */
export function posixZone(text: string): Zone | undefined {
  const [all, name = '', offset = '', summerName, summerOffset, ...dates] = RULE.exec(text) ?? [];
  if (all === undefined) return undefined;
  const standard = { offset: 0 - secondsOf(offset), name: bareName(name) };
  if (summerName === undefined) return { at: () => standard };
  const ahead = summerOffset === undefined ? standard.offset + 3600 : 0 - secondsOf(summerOffset);
  const summer = { offset: ahead, name: bareName(summerName) };
  const [begin = USA_BEGIN, beginTime = DEFAULT_TIME, end = USA_END, endTime = DEFAULT_TIME] = dates;
  const at = (year: number) => ({
    begin: dayOf(begin, year) + secondsOf(beginTime) - standard.offset,
    end: dayOf(end, year) + secondsOf(endTime) - summer.offset,
  });
  return {
    at: (seconds) => {
      const { begin, end } = at(new Date((seconds + standard.offset) * 1000).getUTCFullYear());
      const isSummer = begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
      return isSummer ? summer : standard;
    },
  };
}

function bareName(name: string): string {
  return name.replace(/^<|>$/g, '');
}

function secondsOf(offset: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = offset.replace(/^[+-]/, '').split(':').map(Number);
  const size = hours * 3600 + minutes * 60 + seconds;
  return offset.startsWith('-') ? -size : size;
}

/** Returns when a day of a rule begins in a year, as if its place were at UTC. */
function dayOf(date: string, year: number): number {
  const utc = (month: number, day: number) => Date.UTC(year, month, day) / 1000;
  if (date.startsWith('M')) {
    const [month = 1, week = 1, weekday = 0] = date.slice(1).split('.').map(Number);
    const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay();
    const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
    const day = 1 + ((weekday - first + 7) % 7) + (week - 1) * 7;
    return utc(month - 1, day > days ? day - 7 : day);
  }
  if (!date.startsWith('J')) return utc(0, 1) + Number(date) * DAY;
  const day = Number(date.slice(1));
  const isLeapYear = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
  return utc(0, 1) + (day - (isLeapYear && day >= 60 ? 0 : 1)) * DAY;
}
