import { expect, test } from 'vitest';
import { DecisionCounters } from '../../src/decisions/counters.ts';

test('decisions are counted by action and reason', () => {
  const counters = new DecisionCounters();
  expect(counters.summary()).toBe('0 requests');
  counters.count('greylist', 'new');
  counters.count('pass', 'client AWL');
  counters.count('greylist', 'new');
  expect(counters.summary()).toBe('3 requests: 2 greylist (new), 1 pass (client AWL)');
  expect(counters.totals).toEqual([
    { action: 'greylist', reason: 'new', count: 2 },
    { action: 'pass', reason: 'client AWL', count: 1 },
  ]);
});

const HOUR = 3600;
const BEGIN = 1_700_000_400 - (1_700_000_400 % HOUR);

test('what is counted is handed out once, under the hour in which that happens', () => {
  const counters = new DecisionCounters();
  counters.count('greylist', 'new');
  counters.count('greylist', 'new');
  const count = { hour: BEGIN, action: 'greylist', reason: 'new', waited: 0, count: 2 };
  expect(counters.takeUnsaved(BEGIN + 10)).toEqual([count]);
  expect(counters.takeUnsaved(BEGIN + 20)).toEqual([]);
  counters.count('greylist', 'new');
  expect(counters.takeUnsaved(BEGIN + HOUR)).toEqual([{ ...count, hour: BEGIN + HOUR, count: 1 }]);
  expect(counters.summary()).toBe('3 requests: 3 greylist (new)');
});

test('how long mail had waited is counted apart, to two digits', () => {
  const counters = new DecisionCounters();
  counters.count('pass', 'triplet found');
  for (const waited of [317, 322, 86_412, 0]) counters.count('pass', 'triplet found', waited);
  const found = { hour: BEGIN, action: 'pass', reason: 'triplet found' };
  expect(counters.takeUnsaved(BEGIN)).toEqual([
    { ...found, waited: 0, count: 1 },
    { ...found, waited: 320, count: 2 },
    { ...found, waited: 86_000, count: 1 },
    { ...found, waited: 1, count: 1 },
  ]);
});
