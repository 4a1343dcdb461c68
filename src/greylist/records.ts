/**
 * The records of greylisting, and how long they live. All times are Unix seconds.
 */
import type { UnixSeconds } from '../time/clock.ts';
import type { Key } from './keys.ts';

/** The record of one triplet. */
export interface TripletRecord {
  /** First seen: when the wait began. */
  readonly first: UnixSeconds;
  /** Last seen; once the triplet has passed, only visits that `isToBeNoted` change it. */
  readonly last: UnixSeconds;
}

/** The record of one client address, for the auto-whitelist. */
export interface ClientRecord {
  /** Successful retries of this client, at most one counted per hour. */
  readonly count: number;
  /** When a retry was last counted. */
  readonly last: UnixSeconds;
}

/** The record type that belongs to a key. */
export type RecordOf<K extends Pick<Key, 'kind'>> = K extends { kind: 'triplet' }
  ? TripletRecord
  : K extends { kind: 'client' }
    ? ClientRecord
    : never;

/** Durations in seconds. */
export interface Lifetimes {
  /** A triplet passes once this much time lies between first seen and a later visit. */
  readonly delay: number;
  /** How long a triplet may take to be retried. */
  readonly retryWindow: number;
  /** How long a record is kept after it was last used. */
  readonly maxAge: number;
}

/**
 * Merges two records of the same triplet, or of the same client: the earlier first-seen
 * time, the later last-seen time, the higher count (a retry that both have counted counts once).
 */
export function mergeRecords<R extends TripletRecord | ClientRecord>(a: R, b: R): R {
  const last = Math.max(a.last, b.last);
  if ('first' in a && 'first' in b) return { ...a, first: Math.min(a.first, b.first), last };
  if ('count' in a && 'count' in b) return { ...a, count: Math.max(a.count, b.count), last };
  throw new Error('a triplet and a client have nothing in common');
}

/** Tells whether an earlier visit came after the delay, so that the triplet has passed before. */
export function hasPassed({ first, last }: TripletRecord, { delay }: Lifetimes): boolean {
  return last - first >= delay;
}

/** Tells whether a triplet that never passed was not retried in time, so that the wait starts again. */
export function hasGivenUp(record: TripletRecord, lifetimes: Lifetimes, now: UnixSeconds): boolean {
  return !hasPassed(record, lifetimes) && now - record.first > lifetimes.retryWindow;
}

/** Seconds: a repeated event is saved in a record at most once in this time. */
const NOTING_INTERVAL = 3600;

/**
 * Tells whether an event that was last saved at `last` is due to be saved again; also if `last` lies in the
 * future (the clock was set back), which may be years away.
 */
export function isDue(last: UnixSeconds, now: UnixSeconds): boolean {
  return now >= last + NOTING_INTERVAL || last > now;
}

/**
 * Tells whether a visit of a triplet that has passed is saved: not each, since it only moves the expiry of the
 * record; but each one at first, so that the triplet has passed by a longer --delay as well.
 */
export function isToBeNoted({ first, last }: TripletRecord, now: UnixSeconds): boolean {
  return isDue(last, now) || last - first < NOTING_INTERVAL;
}

/** Tells whether a record is expired. It then counts as absent, deleted or not. */
export function isExpired(
  record: TripletRecord | ClientRecord,
  lifetimes: Lifetimes,
  now: UnixSeconds,
): boolean {
  return now - record.last > lifetimeOf(record, lifetimes);
}

/**
 * Returns for how many seconds after its `last` a record still counts. A triplet that has passed may have been used
 * for NOTING_INTERVAL after that without a save, so it lives that much longer: it never expires early.
 */
export function lifetimeOf(record: TripletRecord | ClientRecord, lifetimes: Lifetimes): number {
  const { maxAge, retryWindow } = lifetimes;
  if ('count' in record) return maxAge;
  return hasPassed(record, lifetimes) ? maxAge + NOTING_INTERVAL - 1 : Math.min(maxAge, retryWindow);
}
