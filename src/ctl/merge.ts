/**
 * Merges records into those of a store, by atomic updates, while daemons use it. May be repeated.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Key } from '../greylist/keys.ts';
import { mergeRecords, type RecordOf } from '../greylist/records.ts';
import type { Store } from '../store/store.ts';
import type { Fate } from './import-report.ts';

/** Records merged at a time: daemons wait for each group, less than a millisecond of work. */
const MERGED_AT_A_TIME = 50;
/** Pause after each group, in which daemons have their turn. */
const MERGE_PAUSE_MS = 5;

/** Merges records, a group at a time. @param count is called with the fate of each */
export async function mergeAll(
  records: readonly (readonly [key: Key, record: RecordOf<Key>])[],
  store: Store,
  count: (kind: Key['kind'], fate: Fate) => void,
): Promise<void> {
  for (let from = 0; from < records.length; from += MERGED_AT_A_TIME) {
    const group = records.slice(from, from + MERGED_AT_A_TIME);
    await Promise.all(group.map(async ([key, record]) => count(key.kind, await merge(key, record, store))));
    await pause(MERGE_PAUSE_MS);
  }
}

function merge(key: Key, record: RecordOf<Key>, store: Store): Promise<Fate> {
  return store.update([key], ([known]) => {
    if (known === undefined) return { save: [record], result: 'new' };
    const merged = mergeRecords(known, record);
    return isDeepStrictEqual(merged, known)
      ? { save: [undefined], result: 'known' }
      : { save: [merged], result: 'merged' };
  });
}
