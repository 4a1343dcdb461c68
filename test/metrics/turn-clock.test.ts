import { expect, test } from 'vitest';
import { oncePerTurn } from '../../src/metrics/turn-clock.ts';

test('one look at the clock in each turn', async () => {
  let looks = 0;
  const clock = oncePerTurn(() => {
    looks += 1;
    return looks;
  });
  expect([clock(), clock(), await Promise.resolve().then(clock)]).toEqual([1, 1, 1]);
  await new Promise((resolve) => setImmediate(resolve));
  expect([clock(), clock()]).toEqual([2, 2]);
});
