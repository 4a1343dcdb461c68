import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Visit } from '../../src/greylist/visit.ts';
import { CircuitBreaker, PROBE_MS, RECOVERY_MS } from '../../src/store-thread/circuit-breaker.ts';
import type { Greylisting, Verdict } from '../../src/store-thread/greylister.ts';

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    }),
);
afterEach(() => void vi.useRealTimers());

const VISIT: Visit = {
  triplet: { kind: 'triplet', clientNetwork: '192.0.2.0', sender: 'a', recipient: 'b' },
  client: { kind: 'client', clientAddress: '192.0.2.1' },
  now: 1_700_000_000,
};
const NEW: Verdict = { action: 'greylist', reason: 'new', retryAfter: 300, wasInFuture: false };
const TIMEOUT_MS = 2000;

type Answer = (verdict: Verdict | Error) => void;

/** A circuit breaker over greylisting that answers on demand, and the calls of its observer. */
function setUp(maxWaiting = 100) {
  const open: Answer[] = [];
  const told: string[] = [];
  const disk = { error: undefined as Error | undefined, checks: 0 };
  const inner: Greylisting = {
    decide: () =>
      new Promise((resolve, reject) => {
        open.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      }),
    check: async () => {
      disk.checks += 1;
      if (disk.error !== undefined) throw disk.error;
    },
  };
  const breaker = new CircuitBreaker(
    inner,
    { timeoutMs: TIMEOUT_MS, maxWaiting },
    {
      storeFailed: (error) => void told.push(`failed: ${(error as Error).message}`),
      storeWorks: (rejected) => void told.push(`works, ${rejected} rejected`),
    },
    () => performance.now(),
  );
  /** Asks, and says what came of it as soon as that is known. */
  const ask = () => breaker.decide(VISIT).catch((error: Error) => error.message);
  const answer = (verdict: Verdict | Error) => {
    const [first] = open.splice(0, 1);
    if (first === undefined) throw new Error('nobody asks');
    first(verdict);
  };
  return { breaker, ask, answer, open, told, disk };
}

/** A visit that is tried while the store counts as failed is preceded by a check. */
const checked = () => vi.advanceTimersByTimeAsync(0);

test('hands on what greylisting says', async () => {
  const { ask, answer, told } = setUp();
  const asked = ask();
  answer(NEW);
  expect(await asked).toEqual(NEW);
  expect(told).toEqual([]);
});

test('knows whether the store works, and how often it began to fail', async () => {
  const { breaker, ask, answer } = setUp();
  expect([breaker.works, breaker.failures]).toEqual([true, 0]);
  for (const failures of [1, 2]) {
    const asked = ask();
    answer(new Error('disk is full'));
    await asked;
    expect([breaker.works, breaker.failures]).toEqual([false, failures]);
    await vi.advanceTimersByTimeAsync(RECOVERY_MS);
    await breaker.check();
    expect([breaker.works, breaker.failures]).toEqual([true, failures]);
    const deferred = ask();
    answer(NEW);
    expect(await deferred).toEqual(NEW);
  }
});

test('rejects a visit that is not answered in time, and each one after it at once, until it is', async () => {
  const { ask, answer, open, told } = setUp();
  const asked = ask();
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  const late = 'no answer within 2 s (--store-timeout)';
  expect(await asked).toBe(late);
  for (let number = 0; number < 50; number += 1) expect(await ask()).toBe(late);
  expect(open.length).toBe(1);

  // The answer comes at last: it is too late, but the next visit is tried.
  answer(NEW);
  await vi.advanceTimersByTimeAsync(RECOVERY_MS);
  const next = ask();
  await checked();
  answer(NEW);
  expect(await next).toEqual(NEW);
  expect(told).toEqual([`failed: ${late}`, 'works, 51 rejected']);
});

test('while the store fails, one visit at a time is tried', async () => {
  const { ask, answer, open, told } = setUp();
  const first = ask();
  answer(new Error('disk is full'));
  expect(await first).toBe('disk is full');

  const tried = ask();
  await checked();
  expect(await ask()).toBe('disk is full');
  expect(open.length).toBe(1);
  answer(new Error('another error'));
  expect(await tried).toBe('another error');
  expect(told).toEqual(['failed: disk is full']);
});

test('a store that fails and works in turns is told of no more than once a second', async () => {
  const { ask, answer, told } = setUp();
  for (let turn = 0; turn < 20; turn += 1) {
    const failing = ask();
    await checked();
    answer(new Error('disk is full'));
    await failing;
    await vi.advanceTimersByTimeAsync(RECOVERY_MS / 10);
    const working = ask();
    await checked();
    answer(NEW);
    expect(await working).toEqual(NEW);
  }
  expect(told).toEqual(['failed: disk is full']);
  await vi.advanceTimersByTimeAsync(RECOVERY_MS);
  const working = ask();
  await checked();
  answer(NEW);
  await working;
  expect(told).toEqual(['failed: disk is full', 'works, 20 rejected']);
});

test('a store that cannot save does not work again because of visits that need nothing saved', async () => {
  const { ask, answer, open, told, disk } = setUp();
  const full = new Error('disk is full');
  disk.error = full;
  const first = ask();
  answer(full);
  expect(await first).toBe('disk is full');
  for (let number = 0; number < 10; number += 1) {
    await vi.advanceTimersByTimeAsync(RECOVERY_MS);
    expect(await ask()).toBe('disk is full');
  }
  expect(open).toEqual([]);

  disk.error = undefined;
  await vi.advanceTimersByTimeAsync(RECOVERY_MS);
  const working = ask();
  await checked();
  answer(NEW);
  expect(await working).toEqual(NEW);
  expect(told).toEqual(['failed: disk is full', 'works, 11 rejected']);
});

test('a store that fails is probed by itself, and works again before the next visit', async () => {
  const { breaker, ask, answer, told, disk } = setUp();
  const full = new Error('disk is full');
  disk.error = full;
  const asked = ask();
  answer(full);
  await asked;
  await vi.advanceTimersByTimeAsync(10 * PROBE_MS);
  expect([breaker.works, told]).toEqual([false, ['failed: disk is full']]);
  disk.error = undefined;
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect([breaker.works, told]).toEqual([true, ['failed: disk is full', 'works, 1 rejected']]);
  // A burst finds it whole, and nobody probes a store that works.
  const burst = Array.from({ length: 50 }, ask);
  for (const _ of burst) answer(NEW);
  expect(await Promise.all(burst)).toEqual(burst.map(() => NEW));
  const { checks } = disk;
  await vi.advanceTimersByTimeAsync(10 * PROBE_MS);
  expect(disk.checks).toBe(checks);
});

describe('a store whose checks work and whose visits fail', () => {
  const KNOWN: Verdict = {
    action: 'pass',
    reason: 'triplet found',
    delayed: undefined,
    clientWhitelisted: false,
  };
  const refused = new Error('trigger');

  /** One more visit, as it comes of a mail. */
  const visit = async ({ ask, answer }: ReturnType<typeof setUp>, outcome: Verdict | Error) => {
    const asked = ask();
    await checked();
    answer(outcome);
    return asked;
  };

  test.each([2, 10, 600, 7200])('is told of once, with a mail each %i s', async (seconds) => {
    const bounded = setUp();
    for (let mail = 0; mail < 20; mail += 1) {
      expect(await visit(bounded, refused)).toBe('trigger');
      await vi.advanceTimersByTimeAsync(seconds * 1000);
    }
    const flapping = ['failed: trigger', 'works, 1 rejected', 'failed: trigger'];
    // Each time the next mail is tried as ever, but nobody is told.
    expect([bounded.breaker.works, bounded.told]).toEqual([true, flapping]);

    expect(await visit(bounded, NEW)).toEqual(NEW);
    expect([bounded.breaker.works, bounded.told]).toEqual([true, [...flapping, 'works, 19 rejected']]);
  });

  test('is not told to work because of mail for which nothing has to be stored', async () => {
    const bounded = setUp();
    for (let mail = 0; mail < 20; mail += 1) {
      await visit(bounded, refused);
      await vi.advanceTimersByTimeAsync(2000);
      expect(await visit(bounded, KNOWN)).toEqual(KNOWN);
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(bounded.told).toEqual(['failed: trigger', 'works, 1 rejected', 'failed: trigger']);
  });

  test('is trusted again after a deferral: the end of the next outage is told by a probe', async () => {
    const bounded = setUp();
    for (let mail = 0; mail < 2; mail += 1) {
      await visit(bounded, refused);
      await vi.advanceTimersByTimeAsync(2000);
    }
    await visit(bounded, NEW);
    await visit(bounded, refused);
    await vi.advanceTimersByTimeAsync(PROBE_MS);
    expect([bounded.breaker.works, bounded.told.length]).toEqual([true, 6]);
  });
});

test('a probe waits for no answer longer than a visit does, and they do not pile up', async () => {
  let checks = 0;
  const inner: Greylisting = {
    decide: () => Promise.reject(new Error('disk is full')),
    check: () => {
      checks += 1;
      return new Promise(() => {});
    },
  };
  const ignored = { storeFailed: () => {}, storeWorks: () => {} };
  const settings = { timeoutMs: TIMEOUT_MS, maxWaiting: 100 };
  const breaker = new CircuitBreaker(inner, settings, ignored, () => performance.now());
  await breaker.decide(VISIT).catch(() => {});
  await vi.advanceTimersByTimeAsync(20 * PROBE_MS);
  expect([breaker.works, checks]).toEqual([false, 1]);
});

test('the first check may take longer than a visit', async () => {
  const told: string[] = [];
  let opened: () => void = () => {};
  const slow: Greylisting = {
    decide: () => Promise.reject(new Error('nobody visits')),
    check: () =>
      new Promise((resolve) => {
        opened = resolve;
      }),
  };
  const settings = { timeoutMs: TIMEOUT_MS, maxWaiting: 100 };
  const make = () =>
    new CircuitBreaker(
      slow,
      settings,
      { storeFailed: (error) => void told.push((error as Error).message), storeWorks: () => {} },
      () => performance.now(),
    );
  const inTime = make();
  const opening = inTime.open(3 * TIMEOUT_MS);
  await vi.advanceTimersByTimeAsync(3 * TIMEOUT_MS - 1);
  opened();
  await opening;
  expect([inTime.works, told]).toEqual([true, []]);

  const late = make();
  const failed = late.open(3 * TIMEOUT_MS).catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(3 * TIMEOUT_MS);
  expect(await failed).toBe('no answer within 6 s');
  expect([late.works, told]).toEqual([false, ['no answer within 6 s']]);

  // The limit is --store-timeout's if that is the longer one.
  const patient = make();
  const outwaited = patient.open(TIMEOUT_MS / 2).catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
  expect(await outwaited).toBe('no answer within 2 s (--store-timeout)');
});

test('no more visits wait than may', async () => {
  const { ask, answer, told } = setUp(3);
  const asked = [ask(), ask(), ask()];
  expect(await ask()).toBe('3 requests are waiting for it (--max-queued-requests)');
  for (const _ of asked) answer(NEW);
  expect(await Promise.all(asked)).toEqual([NEW, NEW, NEW]);
  expect(told).toEqual(['failed: 3 requests are waiting for it (--max-queued-requests)']);
});
