/**
 * Takes a record over into a store: merged into what is known there, by the store's own update, while
 * daemons use it, and as often as one likes.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Key } from '../greylist/keys.ts';
import { mergeRecords, type RecordOf } from '../greylist/records.ts';
import type { Store } from '../store/store.ts';
import type { Fate } from './import-report.ts';

/** After each group of records, in milliseconds; a group takes about as long, and daemons have their turn. */
export const GROUP_PAUSE_MS = 5;

export function merge(key: Key, record: RecordOf<Key>, store: Store): Promise<Fate> {
  return store.update([key], ([known]) => {
    if (known === undefined) return { save: [record], result: 'new' };
    const merged = mergeRecords(known, record);
    return isDeepStrictEqual(merged, known)
      ? { save: [undefined], result: 'known' }
      : { save: [merged], result: 'merged' };
  });
}
