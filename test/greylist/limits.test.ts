import { expect, test } from 'vitest';
import { MAX_COUNTED_NETWORKS, NewTriplets } from '../../src/greylist/limits.ts';

/** A full hour. */
const NOW = 1_700_000_000 - (1_700_000_000 % 3600);

test('without limits any number is admitted', () => {
  const triplets = new NewTriplets({ maxTriplets: 0, maxNewPerClient: 0 });
  for (let number = 0; number < 1000; number += 1) {
    expect(triplets.admit('192.0.2.0', 1e9, NOW)).toBeUndefined();
  }
});

test('not more are stored than --max-triplets', () => {
  const triplets = new NewTriplets({ maxTriplets: 10, maxNewPerClient: 0 });
  expect(triplets.admit('192.0.2.0', 9, NOW)).toBeUndefined();
  expect(triplets.admit('192.0.2.0', 10, NOW)).toEqual({ action: 'pass', reason: 'over --max-triplets' });
  expect(triplets.admit('192.0.2.0', 9, NOW)).toBeUndefined();
});

test('a network gets --max-new-per-client in an hour, each its own, and anew in the next', () => {
  const triplets = new NewTriplets({ maxTriplets: 0, maxNewPerClient: 2 });
  const admitted = (network: string, now: number) => triplets.admit(network, 0, now) === undefined;
  expect([NOW, NOW, NOW + 3599].map((now) => admitted('192.0.2.0', now))).toEqual([true, true, false]);
  expect(admitted('198.51.100.0', NOW + 3599)).toBe(true);
  expect([1, 2, 3].map(() => admitted('192.0.2.0', NOW + 3600))).toEqual([true, true, false]);
  expect(triplets.admit('192.0.2.0', 0, NOW + 3600)).toEqual({
    action: 'pass',
    reason: 'over --max-new-per-client',
  });
  // A clock that was set back begins another hour as well.
  expect(admitted('192.0.2.0', NOW)).toBe(true);
});

test('what is over --max-triplets is not counted for its network', () => {
  const triplets = new NewTriplets({ maxTriplets: 10, maxNewPerClient: 1 });
  triplets.admit('192.0.2.0', 10, NOW);
  expect(triplets.admit('192.0.2.0', 9, NOW)).toBeUndefined();
});

test('networks beyond those that are counted are not limited', () => {
  const triplets = new NewTriplets({ maxTriplets: 0, maxNewPerClient: 1 });
  for (let number = 0; number < MAX_COUNTED_NETWORKS; number += 1) triplets.admit(`n${number}`, 0, NOW);
  expect([1, 2, 3].map(() => triplets.admit('one more', 0, NOW))).toEqual([undefined, undefined, undefined]);
  expect(triplets.admit('n0', 0, NOW)).toBeDefined();
});
