import { expect, test } from 'vitest';
import { DurationCounts } from '../../src/metrics/duration-counts.ts';

test('counts up to each bound, that itself among it, and above all', () => {
  const counts = new DurationCounts([1, 2, 5]);
  expect([counts.cumulative, counts.sum]).toEqual([[0, 0, 0, 0], 0]);
  for (const seconds of [0, 1, 1.5, 2, 5, 6, 1000]) counts.note(seconds);
  expect([counts.cumulative, counts.sum]).toEqual([[2, 4, 5, 7], 1015.5]);
});
