/**
 * Times of log lines.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { LogClock } from '../../src/mail-log/time.ts';
import { useZone } from '../../src/time/local-time.ts';
import { zoneOf } from '../../src/time/zone.ts';

const local = (...time: [number, number, number, number, number, number]) =>
  new Date(...time).getTime() / 1000;
const NOW = local(2026, 10, 24, 12, 0, 0);

function readAll(lines: readonly string[], now = NOW) {
  const clock = new LogClock(now);
  return lines.map((line) => clock.read(`${line} mx postgrey[1]: x`)?.seconds);
}

test('the three forms are read, with what follows them', () => {
  const clock = new LogClock(NOW);
  const rest = 'mx postgrey[1]: text';
  expect(clock.read(`Nov  3 20:44:09 ${rest}`)).toEqual({
    seconds: local(2026, 10, 3, 20, 44, 9),
    text: 'Nov  3 20:44:09',
    rest,
  });
  expect(clock.read(`2026-11-23T22:53:57.160079+01:00 ${rest}`)).toEqual({
    seconds: Date.UTC(2026, 10, 23, 21, 53, 57) / 1000,
    text: '2026-11-23T22:53:57',
    rest,
  });
  const object = '{"level":30,"time":1795474437160,"pid":1}';
  expect(clock.read(object)).toEqual({ seconds: 1795474437, text: '2026-11-23T22:53:57Z', rest: object });
});

test.each([
  ['Nov 23 20:44:09.123456', local(2026, 10, 23, 20, 44, 9)],
  ['2026-11-23T20:44:09Z', Date.UTC(2026, 10, 23, 20, 44, 9) / 1000],
  ['2026-11-23T20:44:09+0530', Date.UTC(2026, 10, 23, 15, 14, 9) / 1000],
  ['2026-11-23T20:44:09-03:00', Date.UTC(2026, 10, 23, 23, 44, 9) / 1000],
])('%s', (text, seconds) => {
  expect(readAll([text])).toEqual([seconds]);
});

describe('the year of a traditional time', () => {
  test('brings the first line near to now', () => {
    expect(readAll(['Dec 31 23:59:59'], local(2027, 0, 2, 6, 0, 0))).toEqual([
      local(2026, 11, 31, 23, 59, 59),
    ]);
  });

  test('goes on at New Year, and back again with a late line', () => {
    expect(readAll(['Dec 31 23:59:59', 'Jan  1 00:00:01', 'Dec 31 23:59:58'])).toEqual([
      local(2026, 11, 31, 23, 59, 59),
      local(2027, 0, 1, 0, 0, 1),
      local(2026, 11, 31, 23, 59, 58),
    ]);
  });

  test('follows a line that tells its year', () => {
    expect(readAll(['2020-03-01T12:00:00Z', 'Feb 29 12:00:00'])).toEqual([
      Date.UTC(2020, 2, 1, 12) / 1000,
      local(2020, 1, 29, 12, 0, 0),
    ]);
  });

  test('has a 29th of February', () => {
    expect(readAll(['Feb 29 12:00:00'], local(2028, 2, 1, 0, 0, 0))).toEqual([local(2028, 1, 29, 12, 0, 0)]);
    expect(readAll(['Feb 29 12:00:00'], local(2026, 2, 1, 0, 0, 0))).toEqual([undefined]);
  });
});

test.each([
  'Foo 23 20:44:09',
  'Nov 40 20:44:09',
  'Nov 23 20:44',
  '2026-13-23T20:44:09Z',
  '2026-11-23T20:44:09',
  '{"level":30}',
  '',
])('no time: %j', (text) => {
  expect(readAll([text])).toEqual([undefined]);
});

test.each([
  ['CET-1CEST,M3.5.0,M10.5.0/3', ['2026-07-15T10:00:00Z', '2026-12-15T11:00:00Z']],
  ['AEST-10AEDT,M10.1.0,M4.1.0/3', ['2026-07-15T02:00:00Z', '2026-12-15T01:00:00Z']],
  ['<+0330>-3:30', ['2026-07-15T08:30:00Z', '2026-12-15T08:30:00Z']],
])('traditional times are those of the zone of this host: TZ=%s', (tz, times) => {
  useZone(zoneOf(tz));
  onTestFinished(() => useZone(undefined));
  expect(readAll(['Jul 15 12:00:00', 'Dec 15 12:00:00'], Date.UTC(2026, 8, 1) / 1000)).toEqual(
    times.map((time) => Date.parse(time) / 1000),
  );
});
