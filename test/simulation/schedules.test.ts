/**
 * When senders retry, beside what their documents say.
 */
import { expect, test } from 'vitest';
import { streamOf } from './random.ts';
import { MTA_SCHEDULES, SCHEDULES, type Schedule } from './schedules.ts';

const MINUTES = 60;
const retriesOf = (schedule: Schedule, stream: number) => [...schedule(streamOf(1, stream))];
const STREAMS = Array.from({ length: 200 }, (_, stream) => stream);

test('Postfix first retries after 5 to 10 minutes, and at least each 72 minutes, for 5 days', () => {
  for (const stream of STREAMS) {
    const ages = [0, ...retriesOf(SCHEDULES.postfix, stream)];
    const gaps = ages.slice(1).map((age, index) => age - (ages[index] ?? 0));
    expect(gaps[0]).toBeGreaterThanOrEqual(5 * MINUTES);
    expect(gaps[0]).toBeLessThanOrEqual(10 * MINUTES);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(72 * MINUTES);
    expect(ages.at(-1)).toBeGreaterThan(4.9 * 24 * 60 * MINUTES);
  }
});

test('Exim retries when its runner finds the mail due', () => {
  const [, , exim] = MTA_SCHEDULES.find(([name]) => name === 'Exim, runner each 30 min') ?? [];
  const first = STREAMS.map((stream) => retriesOf(exim as Schedule, stream)[0] ?? 0);
  expect(Math.min(...first)).toBeGreaterThanOrEqual(15 * MINUTES);
  expect(Math.max(...first)).toBeLessThanOrEqual(45 * MINUTES);
  expect(Math.max(...first)).toBeGreaterThan(40 * MINUTES);
});

test('Microsoft 365 and SES give up when they say', () => {
  const last = (schedule: Schedule) =>
    Math.max(...STREAMS.map((stream) => retriesOf(schedule, stream).at(-1) ?? 0));
  expect(last(SCHEDULES['Microsoft 365'])).toBeLessThanOrEqual(24 * 60 * MINUTES);
  expect(last(SCHEDULES['Microsoft 365'])).toBeGreaterThan(22 * 60 * MINUTES);
  expect(last(SCHEDULES.SES)).toBeLessThanOrEqual(14 * 60 * MINUTES);
});

test('every schedule goes forward, and ends', () => {
  const all = [...Object.values(SCHEDULES), ...MTA_SCHEDULES.map(([, , schedule]) => schedule)];
  for (const schedule of all) {
    const ages = retriesOf(schedule, 7);
    expect(ages.length).toBeGreaterThan(3);
    expect(ages.every((age, index) => age > (ages[index - 1] ?? 0))).toBe(true);
  }
});

test('the MTA table is whole', () => {
  expect(MTA_SCHEDULES).toHaveLength(17);
  expect(MTA_SCHEDULES.reduce((sum, [, share]) => sum + share, 0)).toBe(100);
});
