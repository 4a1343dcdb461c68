/**
 * Time zones as TZ names them, beside date(1) of this host: the C library's own reading.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { localTimeOf, secondsOfLocal } from '../../src/time/local-time.ts';
import { tzFileZone } from '../../src/time/tz-file.ts';
import { type Zone, zoneOf } from '../../src/time/zone.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { HAS_TZ_DATABASE } from '../support/tz-database.ts';

const RULES = [
  'CET-1CEST,M3.5.0,M10.5.0/3',
  'EST5EDT,M3.2.0,M11.1.0',
  'AEST-10AEDT,M10.1.0,M4.1.0/3',
  'NZST-12NZDT,M9.5.0,M4.1.0/3',
  '<+1030>-10:30<+11>-11,M10.1.0,M4.1.0',
  '<+0330>-3:30',
  '<-03>3',
  'IST-1GMT0,M10.5.0,M3.5.0/1',
  'EET-2EEST,M3.5.0/3,M10.5.0/4',
  '<-02>2<-01>,M3.5.0/-1,M10.5.0/0',
  'EET-2EEST,M3.4.4/50,M10.4.4/50',
  'ABC-1:23:45',
  'XXX-1YYY,J60,J300/12:30',
  'XXX+1YYY2,59/0,300/23:59:59',
  'UTC0',
];
const NAMES = [
  ...['Europe/Berlin', 'America/New_York', 'America/Sao_Paulo', 'America/St_Johns', 'Asia/Kathmandu'],
  ...['Asia/Tehran', 'Australia/Lord_Howe', 'Pacific/Chatham', 'Africa/Casablanca', 'Antarctica/Troll'],
  ...['Asia/Gaza', 'Pacific/Apia', 'Etc/GMT+5', 'Europe/Dublin', 'America/Nuuk'],
];
const FORMS = [
  '/usr/share/zoneinfo/Europe/Berlin',
  ':/usr/share/zoneinfo/Asia/Tokyo',
  ':Europe/Berlin',
  ':/etc/localtime',
  '/etc/localtime',
  'posix/Europe/Berlin',
  '',
  ':',
  'Foo/Bar',
  'Europe/Berlin ',
];
/** date(1) has no name for the zone of these. */
const NAMELESS = ['/no/such/file', '/etc/passwd', '/etc', 'x', '/'];

const HALF_HOUR = 1800;
const YEARS = [1971, 1996, 2005, 2024, 2026, 2027, 2036, 2039, 2060, 2099];

/** Every half hour and the second before it, of the weeks in which clocks are changed, and days between. */
const MOMENTS = YEARS.flatMap((year) =>
  Array.from({ length: 366 }, (_, day) => Date.UTC(year, 0, 1 + day) / 1000 + 7 * 3600 + day),
);

const FORM = '%Y-%m-%d %H:%M:%S %w %Z';

/** The output of date(1) for each moment. */
function dates(tz: string, moments: readonly number[]): string[] {
  const file = join(temporaryDirectory(), 'moments');
  writeFileSync(file, moments.map((seconds) => `@${seconds}\n`).join(''));
  const env = { ...process.env, TZ: tz, LC_ALL: 'C' };
  return execFileSync('date', ['-f', file, `+${FORM}`], { env, encoding: 'utf8', maxBuffer: 1e8 })
    .trimEnd()
    .split('\n');
}

function ours(zone: Zone, seconds: number): string {
  const { year, month, day, weekday, hour, minute, second, zone: name } = localTimeOf(seconds, zone);
  const two = (part: number) => String(part).padStart(2, '0');
  const date = [year, two(month), two(day)].join('-');
  return `${date} ${[hour, minute, second].map(two).join(':')} ${weekday} ${name}`;
}

function zoneNamed(tz: string): Zone {
  const zone = zoneOf(tz);
  if (zone === undefined) throw new Error(`no zone for ${tz}`);
  return zone;
}

/** The moments at which the offset or name changes, found to the second, and those beside them. */
function changesIn(zone: Zone): number[] {
  const isSame = (a: number, b: number) => JSON.stringify(zone.at(a)) === JSON.stringify(zone.at(b));
  return MOMENTS.flatMap((moment, index) => {
    const next = MOMENTS[index + 1];
    if (next === undefined || next - moment > 2 * 86_400 || isSame(moment, next)) return [];
    let [low, high] = [moment, next];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (isSame(low, middle)) low = middle;
      else high = middle;
    }
    return [low - HALF_HOUR * 2, low - 1, low, high, high + 1, high + HALF_HOUR, high + HALF_HOUR * 2];
  });
}

describe.skipIf(!HAS_TZ_DATABASE)('local time is that of date(1)', () => {
  test.each([...RULES, ...NAMES, ...FORMS])('TZ=%s', (tz) => {
    const zone = zoneNamed(tz);
    const moments = [...MOMENTS, ...changesIn(zone)];
    const said = dates(tz, moments);
    const different = moments.flatMap((seconds, index) => {
      const mine = ours(zone, seconds);
      return mine === said[index] ? [] : [`@${seconds}: ${mine}, date(1): ${said[index]}`];
    });
    expect(different.slice(0, 5)).toEqual([]);
  });

  test.each(NAMELESS)('TZ=%s, which has no name there, is UTC', (tz) => {
    const moments = MOMENTS.slice(0, 400);
    expect(moments.map((seconds) => ours(zoneNamed(tz), seconds))).toEqual(
      dates(tz, moments).map((date) => `${date.trimEnd()} UTC`),
    );
  });

  test('a rule without dates has those of the USA of today', () => {
    // On the day itself the C library's own time of change counts, which is not the rule's.
    const moments = MOMENTS.filter(
      (seconds) =>
        seconds > 1_700_000_000 && seconds < 2_100_000_000 && new Date(seconds * 1000).getUTCDay() !== 0,
    );
    const zone = zoneNamed('CET-1CEST');
    expect(moments.map((seconds) => ours(zone, seconds))).toEqual(dates('CET-1CEST', moments));
  });

  test('rules and names with two times a year have changes to look at', () => {
    for (const tz of ['CET-1CEST,M3.5.0,M10.5.0/3', 'AEST-10AEDT,M10.1.0,M4.1.0/3', 'Europe/Berlin'])
      expect(changesIn(zoneNamed(tz)).length).toBeGreaterThan(7 * 10);
  });
});

test.skipIf(!HAS_TZ_DATABASE)('not set: /etc/localtime', () => {
  expect(zoneOf(undefined)?.at(0)).toEqual(zoneOf('/etc/localtime')?.at(0));
});

describe('the way back, from local time', () => {
  const zone = zoneNamed('CET-1CEST,M3.5.0,M10.5.0/3');

  test.each([
    ['winter', [2026, 1, 15, 12], '2026-01-15T11:00:00Z'],
    ['summer', [2026, 7, 15, 12], '2026-07-15T10:00:00Z'],
    ['the hour that is left out', [2026, 3, 29, 2], '2026-03-29T01:00:00Z'],
    ['the hour that comes twice', [2026, 10, 25, 2], '2026-10-25T00:00:00Z'],
    ['the hour after it', [2026, 10, 25, 3], '2026-10-25T02:00:00Z'],
    ['New Year', [2027, 1, 1, 0], '2026-12-31T23:00:00Z'],
    ['a day before the first', [2026, 3, 0, 0], '2026-02-27T23:00:00Z'],
  ] as const)('%s', (_, [year, month, day, hour], utc) => {
    expect(secondsOfLocal(year, month, day, hour, zone)).toBe(Date.parse(utc) / 1000);
  });

  test('every hour of a year is found again, but for the second of two', () => {
    for (const tz of [
      'CET-1CEST,M3.5.0,M10.5.0/3',
      'AEST-10AEDT,M10.1.0,M4.1.0/3',
      '<+0330>-3:30',
      '<-03>3',
    ]) {
      const zone = zoneNamed(tz);
      const begin = Date.UTC(2026, 0, 1) / 1000 - zone.at(Date.UTC(2026, 0, 1) / 1000).offset;
      const lost = Array.from({ length: 365 * 24 }, (_, hour) => begin + hour * 3600).filter((seconds) => {
        const { year, month, day, hour } = localTimeOf(seconds, zone);
        return secondsOfLocal(year, month, day, hour, zone) !== seconds;
      });
      expect(lost.length).toBeLessThanOrEqual(1);
    }
  });
});

test.each([
  'CET',
  'CET-1CEST,M3.5.0',
  'CET-1CEST,M3.6.0,M10.5.0',
  'CE-1',
  '-1CET',
  'CET-1CEST,M3.5.0,M10.5.0/3 ',
  '<+03>',
])('no rule, and so UTC: %s', (tz) => {
  // CET alone is a file of the database on most hosts.
  if (tz !== 'CET') expect(zoneOf(tz)?.at(1_780_000_000).offset ?? 0).toBe(0);
});

describe('files that are none', () => {
  const whole = Buffer.from('TZif2');

  test.each([
    ['empty', Buffer.alloc(0)],
    ['of text', Buffer.from('root:x:0:0')],
    ['cut after its name', whole],
    ['of zeros', Buffer.alloc(100)],
    ['with counts beyond its end', Buffer.concat([whole, Buffer.alloc(15), Buffer.alloc(24, 0xff)])],
  ])('%s', (_, bytes) => {
    expect(tzFileZone(bytes)).toBeUndefined();
  });
});
