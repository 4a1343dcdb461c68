import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createLogger, type Log } from '../../src/log/logger.ts';
import { openSqliteStore, type SqliteStore } from '../../src/store/sqlite/store.ts';
import { SLICE_ROWS } from '../../src/store/sqlite/table.ts';
import type { CleanableStore, ExpiryRule } from '../../src/store/store.ts';
import { CLEANING_PACE, runCleaner } from '../../src/store-thread/cleaner.ts';
import { CLIENT, put, read, triplet } from '../store/contract.ts';
import { temporaryDirectory } from '../support/daemon.ts';

const { firstWalkMs, intervalMs, retryMs, slicePauseMs } = CLEANING_PACE;
const SLICES = 4;
const oddOnes: ExpiryRule = { triplet: ({ first }) => first % 2 === 1, client: () => true };

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

async function fill(store: SqliteStore): Promise<void> {
  const keys = Array.from({ length: SLICES * SLICE_ROWS }, (_, number) => triplet(`n${number}`));
  await store.update(keys, () => ({
    save: keys.map((_, number) => ({ first: number, last: number })),
    result: undefined,
  }));
  await put(store, CLIENT, { count: 1, last: 1 });
}

function open(): SqliteStore {
  const store = openSqliteStore(temporaryDirectory(), { privacy: false, hash: () => '' });
  onTestFinished(() => store.close());
  return store;
}

/** Starts a cleaner and stops it at the end of the test. @returns what it logs */
function start(store: Pick<CleanableStore, 'clean'>): string[] {
  const lines: string[] = [];
  const log: Log = createLogger(
    { format: 'text', level: 'normal' },
    { write: (line) => void lines.push(line), close: async () => {} },
  );
  const stop = new AbortController();
  const done = runCleaner(store, oddOnes, log, CLEANING_PACE, stop.signal);
  onTestFinished(() => {
    stop.abort();
    return done;
  });
  return lines;
}

test('walks a minute after the start and once a day, slice by slice, with pauses between', async () => {
  const store = open();
  await fill(store);
  const lines = start(store);
  await vi.advanceTimersByTimeAsync(firstWalkMs - 1);
  expect(lines).toEqual([]);

  await vi.advanceTimersByTimeAsync(1);
  expect(lines).toEqual(['cleaning up old entries...']);
  // One slice is done, and the others wait for their turns.
  expect(await read(store, triplet('n1'), triplet('n999'))).toEqual([undefined, { first: 999, last: 999 }]);

  await vi.advanceTimersByTimeAsync(3 * SLICES * slicePauseMs);
  expect(lines.slice(1)).toEqual([
    `cleaning main database finished. before: ${SLICES * SLICE_ROWS}, after: ${(SLICES * SLICE_ROWS) / 2}`,
    'cleaning clients database finished. before: 1, after: 0',
  ]);
  expect(await read(store, triplet('n998'), triplet('n999'))).toEqual([{ first: 998, last: 998 }, undefined]);

  await vi.advanceTimersByTimeAsync(intervalMs);
  expect(lines[3]).toBe('cleaning up old entries...');
});

test('a walk that fails is told, and an hour later the next one begins anew', async () => {
  const store = open();
  await fill(store);
  let isBroken = true;
  const broken: Pick<CleanableStore, 'clean'> = {
    clean(kind, expired) {
      if (isBroken) throw new Error('disk I/O error');
      return store.clean(kind, expired);
    },
  };
  const lines = start(broken);
  await vi.advanceTimersByTimeAsync(firstWalkMs);
  expect(lines).toEqual([
    'cleaning up old entries...',
    'cleaning up old entries failed, the next attempt is in 60 minutes: disk I/O error',
  ]);
  isBroken = false;
  await vi.advanceTimersByTimeAsync(retryMs - 1);
  expect(lines).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(lines.at(-1)).toBe('cleaning clients database finished. before: 1, after: 0');

  await vi.advanceTimersByTimeAsync(retryMs);
  expect(lines).toHaveLength(5);
});
