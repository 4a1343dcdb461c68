import { expect, test } from 'vitest';
import type { DecisionCount } from '../../src/decisions/counters.ts';
import { daysOf, hoursOf, newcomersOf, waitsOf } from '../../src/decisions/history.ts';

const HOUR = 3600;

function count(hour: Date, action: string, reason: string, number: number, waited = 0): DecisionCount {
  return { hour: hour.getTime() / 1000, action, reason, waited, count: number };
}

/** Unix seconds of a local time, in the time zone of the test. */
const at = (day: number, hour: number) => new Date(2026, 9, day, hour);
const NOW = at(26, 15).getTime() / 1000 + 20 * 60;

test('hours are those until now, empty ones too', () => {
  const counts = [
    count(at(26, 15), 'greylist', 'new', 3),
    count(at(26, 13), 'pass', 'client AWL', 2),
    // Our own mail is neither.
    count(at(26, 15), 'outgoing', 'recorded', 5),
    count(at(26, 13), 'greylist (dry run)', 'early-retry', 1),
    count(at(25, 13), 'greylist', 'new', 9),
  ];
  const hours = hoursOf(counts, NOW, 3);
  expect(hours.map(({ begin }) => (NOW - begin) / HOUR)).toEqual([2, 1, 0].map((ago) => ago + 1 / 3));
  expect(hours.map(({ greylisted, passed }) => [greylisted, passed])).toEqual([
    [1, 2],
    [0, 0],
    [3, 0],
  ]);
  expect(Object.fromEntries(hours[0]?.decisions ?? [])).toEqual({
    'pass (client AWL)': 2,
    'greylist (dry run) (early-retry)': 1,
  });
});

test('days are those of the clock on the wall, whatever their length', () => {
  // In much of Europe the 25th has 25 hours.
  const counts = [
    count(at(24, 23), 'pass', 'triplet found', 1),
    count(at(25, 0), 'pass', 'triplet found', 2),
    count(at(25, 23), 'pass', 'triplet found', 4),
    count(at(26, 0), 'pass', 'triplet found', 8),
  ];
  expect(daysOf(counts, NOW, 3).map(({ passed }) => passed)).toEqual([1, 6, 8]);
});

test('half of the mails, nine of ten, and all had waited so long', () => {
  expect(waitsOf([count(at(26, 1), 'pass', 'triplet found', 7)])).toBeUndefined();
  const waits = [100, 200, 300, 400, 500, 600, 700, 800, 900, 5000];
  expect(waitsOf(waits.map((waited) => count(at(26, 1), 'pass', 'triplet found', 1, waited)))).toEqual({
    mails: 10,
    median: 500,
    ninety: 900,
    worst: 5000,
  });
});

test('new triplets have passed, are waiting, or were never retried', () => {
  const counts = [
    count(at(26, 1), 'greylist', 'new', 100),
    count(at(26, 1), 'greylist', 'early-retry', 50),
    count(at(26, 2), 'pass', 'triplet found', 20, 300),
    count(at(26, 2), 'pass', 'triplet found', 70),
  ];
  expect(newcomersOf(counts, 5)).toEqual({ seen: 100, passed: 20, waiting: 5, neverCame: 75 });
  // Records are older than the counts.
  expect(newcomersOf(counts, 5000)).toEqual({ seen: 100, passed: 20, waiting: 80, neverCame: 0 });
});
