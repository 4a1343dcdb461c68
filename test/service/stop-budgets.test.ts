import { expect, test } from 'vitest';
import {
  DRAIN_GRACE_MS,
  END_LIMIT_MS,
  GIVE_UP_AFTER_MS,
  STOP_BUDGETS,
} from '../../src/service/stop-budgets.ts';

test('all steps of the end together are over before the process is ended', () => {
  const sum = Object.values(STOP_BUDGETS).reduce((total, budget) => total + budget, 0);
  expect(sum).toBeLessThan(END_LIMIT_MS);
  // What postgrey's init script waits for.
  expect(END_LIMIT_MS).toBeLessThan(5000);
});

test('a request that is given up has time left for its answer', () => {
  expect(DRAIN_GRACE_MS).toBeLessThan(GIVE_UP_AFTER_MS);
  expect(GIVE_UP_AFTER_MS).toBeLessThan(STOP_BUDGETS.drain);
});
