import { expect, test } from 'vitest';
import { DecisionCounters } from '../../src/metrics/counters.ts';

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
