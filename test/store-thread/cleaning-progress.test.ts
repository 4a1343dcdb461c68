import { expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { SLICE_ROWS } from '../../src/store/sqlite/table.ts';
import { CleaningProgress } from '../../src/store-thread/cleaner.ts';
import { CLIENT, put, triplet } from '../store/contract.ts';
import { temporaryDirectory } from '../support/daemon.ts';

test('counts what was looked at and deleted, slice by slice, and notes the end of a whole walk', async () => {
  const store = openSqliteStore(temporaryDirectory(), { privacy: false, hash: () => '' });
  onTestFinished(() => store.close());
  const keys = Array.from({ length: 2 * SLICE_ROWS }, (_, number) => triplet(`n${number}`));
  await store.update(keys, () => ({
    save: keys.map(() => ({ first: 1, last: 1 })),
    result: undefined,
  }));
  await put(store, CLIENT, { count: 1, last: 1 });
  const progress = new CleaningProgress(store, () => 1_700_000_000);
  const rule = { triplet: () => true, client: () => false };
  const none = { examined: 0, deleted: 0, lastEnd: undefined };
  expect(progress.cleaned).toEqual({ triplet: none, client: none });

  // A walk that is interrupted.
  for await (const _ of progress.clean('triplet', rule)) break;
  const once = { examined: SLICE_ROWS, deleted: SLICE_ROWS, lastEnd: undefined };
  expect(progress.cleaned).toEqual({ triplet: once, client: none });

  for await (const _ of progress.clean('triplet', rule));
  for await (const _ of progress.clean('client', rule));
  expect(progress.cleaned).toEqual({
    triplet: { examined: 2 * SLICE_ROWS, deleted: 2 * SLICE_ROWS, lastEnd: 1_700_000_000 },
    client: { examined: 1, deleted: 0, lastEnd: 1_700_000_000 },
  });
});
