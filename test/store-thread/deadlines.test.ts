import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadlines } from '../../src/store-thread/circuit-breaker.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const LIMIT_MS = 1000;
const LATE = 'no answer within 1 s (--store-timeout)';

/** Deadlines, and who has given up, when. */
function setUp() {
  const begin = performance.now();
  const givenUp: [name: string, afterMs: number, reason: string][] = [];
  const deadlines = new Deadlines(LIMIT_MS, () => performance.now(), '--store-timeout');
  const wait = (name: string) =>
    deadlines.begin(({ message }) => void givenUp.push([name, performance.now() - begin, message]));
  return { deadlines, wait, givenUp };
}

test('each gives up when its own time is up, and none that has ended', () => {
  const { deadlines, wait, givenUp } = setUp();
  wait('a');
  vi.advanceTimersByTime(400);
  const ended = wait('b');
  wait('c');
  expect(deadlines.end(ended)).toBe(true);
  vi.advanceTimersByTime(LIMIT_MS);
  expect(givenUp).toEqual([
    ['a', 1000, LATE],
    ['c', 1400, LATE],
  ]);
  expect(deadlines.end(ended)).toBe(false);
});

test('there is one timer, however many wait, and none when nobody does', () => {
  const { wait } = setUp();
  for (let count = 0; count < 100; count += 1) wait(`${count}`);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(LIMIT_MS);
  expect(vi.getTimerCount()).toBe(0);
});

test('all give up at once when there is no time left, also those who begin while they do', () => {
  const { deadlines, wait, givenUp } = setUp();
  deadlines.begin(() => void wait('later'));
  wait('a');
  deadlines.endAll(new Error('the end'));
  expect(givenUp).toEqual([
    ['a', 0, 'the end'],
    ['later', 0, 'the end'],
  ]);
  vi.advanceTimersByTime(LIMIT_MS);
  expect(givenUp).toHaveLength(2);
});
