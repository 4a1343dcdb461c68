/**
 * What is remembered under a key, and for how long. All times are Unix seconds.
 */
import type { Key } from './keys.ts';

/** Of one triplet. */
export interface TripletRecord {
  /** When its waiting began. */
  readonly first: number;
  /** When it was last asked about; once it has passed, only a visit that `isToBeNoted`. */
  readonly last: number;
}

/** Of one client address, for the auto-whitelist. */
export interface ClientRecord {
  /** Triplets of this client that came back after the delay, at most one counted per hour. */
  readonly count: number;
  /** When it was last counted. */
  readonly last: number;
}

/** The record that belongs to a key. */
export type RecordOf<K extends Pick<Key, 'kind'>> = K extends { kind: 'triplet' }
  ? TripletRecord
  : K extends { kind: 'client' }
    ? ClientRecord
    : never;

/** Durations in seconds. */
export interface Lifetimes {
  /** A triplet passes once this much time lies between its first and a later visit. */
  readonly delay: number;
  /** How long a triplet that never passed is waited for. */
  readonly retryWindow: number;
  /** How long a record is kept after it was last of use. */
  readonly maxAge: number;
}

/**
 * What two memories of the same triplet, or of the same client, know together: the earlier first
 * visit, the later last one, the higher count (what both have counted counts once).
 */
export function mergeRecords<R extends TripletRecord | ClientRecord>(a: R, b: R): R {
  const last = Math.max(a.last, b.last);
  if ('first' in a && 'first' in b) return { ...a, first: Math.min(a.first, b.first), last };
  if ('count' in a && 'count' in b) return { ...a, count: Math.max(a.count, b.count), last };
  throw new Error('a triplet and a client have nothing in common');
}

/** Whether a visit before this one came after the delay, so that the triplet has passed already. */
export function hasPassed({ first, last }: TripletRecord, { delay }: Lifetimes): boolean {
  return last - first >= delay;
}

/** Whether a triplet that never passed has been waited for in vain, so that the wait begins anew. */
export function hasGivenUp(record: TripletRecord, lifetimes: Lifetimes, now: number): boolean {
  return !hasPassed(record, lifetimes) && now - record.first > lifetimes.retryWindow;
}

/** In seconds: what happens again and again is noted in a record at most once in this time. */
const NOTING_INTERVAL = 3600;

/**
 * Whether something is to be noted that was noted before at `last`; also if that lies in the future
 * (somebody set a clock), which may be years away.
 */
export function isDue(last: number, now: number): boolean {
  return now >= last + NOTING_INTERVAL || last > now;
}

/**
 * Whether a visit of a triplet that has passed is to be noted: not each, for it says no more than when the
 * record expires; but each in its first time, so that it has passed by a longer --delay as well.
 */
export function isToBeNoted({ first, last }: TripletRecord, now: number): boolean {
  return isDue(last, now) || last - first < NOTING_INTERVAL;
}

/** An expired record counts as absent, whether or not it has been deleted yet. */
export function isExpired(record: TripletRecord | ClientRecord, lifetimes: Lifetimes, now: number): boolean {
  return now - record.last > lifetimeOf(record, lifetimes);
}

/**
 * For how many seconds after its `last` a record still counts. A triplet that has passed may have been of
 * use for NOTING_INTERVAL after that, and has so much more time: it never expires early.
 */
export function lifetimeOf(record: TripletRecord | ClientRecord, lifetimes: Lifetimes): number {
  const { maxAge, retryWindow } = lifetimes;
  if ('count' in record) return maxAge;
  return hasPassed(record, lifetimes) ? maxAge + NOTING_INTERVAL - 1 : Math.min(maxAge, retryWindow);
}
