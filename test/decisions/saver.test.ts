import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DecisionCount } from '../../src/decisions/counters.ts';
import { DecisionSaver } from '../../src/decisions/saver.ts';

const MINUTE_MS = 60_000;
const NOW = 1_700_000_000;
const MAX_AGE = 86_400;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A decision saver that has one count to save each time, numbered by its hour. */
function setUp(save: (counts: readonly DecisionCount[], forgetBefore: number) => Promise<void>) {
  let taken = 0;
  const take = (): DecisionCount[] => {
    taken += 1;
    return [{ hour: taken, action: 'greylist', reason: 'new', waited: 0, count: 1 }];
  };
  return new DecisionSaver({
    take,
    save,
    storeWorks: () => true,
    warn: () => {},
    now: () => NOW,
    maxAge: MAX_AGE,
  });
}

test('counts are saved each minute, and at the end', async () => {
  const saved: [hours: number[], forgetBefore: number][] = [];
  const saver = setUp(async (counts, forgetBefore) => {
    saved.push([counts.map(({ hour }) => hour), forgetBefore]);
  });
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  await saver.finish();
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  expect(saved).toEqual([1, 2, 3].map((hour) => [[hour], NOW - MAX_AGE]));
});

test('what could not be saved is saved the next time; only so much of it is kept', async () => {
  let isFailing = true;
  const saved: number[][] = [];
  const saver = setUp(async (counts) => {
    if (isFailing) throw new Error('disk full');
    saved.push(counts.map(({ hour }) => hour));
  });
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  isFailing = false;
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(saved).toEqual([[1, 2, 3]]);
  isFailing = true;
  await vi.advanceTimersByTimeAsync(3000 * MINUTE_MS);
  isFailing = false;
  await saver.finish();
  expect(saved[1]).toHaveLength(2000);
  expect(saved[1]?.at(-1)).toBe(3004);
});

test('what belongs to one hour is one count, however often it could not be saved', async () => {
  let isFailing = true;
  let works = true;
  const warnings: string[] = [];
  const saved: DecisionCount[] = [];
  const count = { hour: 3600, action: 'greylist', reason: 'new', waited: 0, count: 2 };
  const saver = new DecisionSaver({
    take: () => [count],
    save: async (counts) => {
      if (isFailing) throw new Error('disk full');
      saved.push(...counts);
    },
    storeWorks: () => works,
    warn: (text) => void warnings.push(text),
    now: () => NOW,
    maxAge: MAX_AGE,
  });
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  expect(warnings).toEqual(['cannot save counts of decisions: disk full']);
  isFailing = false;
  // Nothing is tried with a store that is known not to respond.
  works = false;
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(saved).toEqual([]);
  works = true;
  await saver.finish();
  expect(saved).toEqual([{ ...count, count: 8 }]);
});

test('nothing is saved twice while a save is under way', async () => {
  let done = () => {};
  const saved: number[][] = [];
  const saver = setUp((counts) => {
    saved.push(counts.map(({ hour }) => hour));
    return new Promise((resolve) => {
      done = resolve;
    });
  });
  await vi.advanceTimersByTimeAsync(3 * MINUTE_MS);
  expect(saved).toEqual([[1]]);
  const finished = saver.finish();
  done();
  await vi.advanceTimersByTimeAsync(0);
  done();
  await finished;
  expect(saved).toEqual([[1], [2]]);
});
