import { expect, test } from 'vitest';
import type { Visit } from '../../src/greylist/visit.ts';
import { Measures } from '../../src/metrics/measures.ts';
import type { RawRequest } from '../../src/policy/attributes.ts';
import type { Verdict } from '../../src/store-thread/greylister.ts';

const VISIT: Visit = {
  triplet: { kind: 'triplet', clientNetwork: '192.0.2.0', sender: 'a', recipient: 'b' },
  client: { kind: 'client', clientAddress: '192.0.2.1' },
  now: 1_700_000_000,
};
const FOUND = { action: 'pass', reason: 'triplet found', clientWhitelisted: false } as const;

/** Measures, and what takes so many milliseconds, as they see it. */
function setUp() {
  const time = { now: 0 };
  const measures = new Measures(() => time.now);
  const taking = async (ms: number) => {
    // The clock is looked at once in a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    time.now += ms;
  };
  return { measures, taking };
}

test('an answer is handed on, and its time is counted', async () => {
  const { measures, taking } = setUp();
  const timed = measures.timed(async () => {
    await taking(30);
    return 'DUNNO';
  });
  expect(await timed({} as RawRequest)).toBe('DUNNO');
  expect([measures.requests.sum, measures.requests.cumulative.at(-1)]).toEqual([0.03, 1]);
});

test('a verdict is handed on, its time is counted, and the delay of what first passes', async () => {
  const { measures, taking } = setUp();
  const verdicts: Verdict[] = [
    { action: 'greylist', reason: 'new', retryAfter: 300, wasInFuture: false },
    { ...FOUND, delayed: 310 },
    { ...FOUND, delayed: undefined },
    { action: 'pass', reason: 'client AWL' },
  ];
  for (const verdict of verdicts) {
    const watched = measures.watched({
      decide: async () => {
        await taking(20);
        return verdict;
      },
    });
    expect(await watched.decide(VISIT)).toBe(verdict);
  }
  expect([measures.store.sum.toFixed(2), measures.store.cumulative.at(-1)]).toEqual(['0.08', 4]);
  expect([measures.delays.sum, measures.delays.cumulative.at(-1)]).toEqual([310, 1]);
});

test('a store that fails is timed too, and fails', async () => {
  const { measures, taking } = setUp();
  const watched = measures.watched({
    decide: async () => {
      await taking(2000);
      throw new Error('disk is full');
    },
  });
  await expect(watched.decide(VISIT)).rejects.toThrow('disk is full');
  expect([measures.store.sum, measures.delays.sum]).toEqual([2, 0]);
});
