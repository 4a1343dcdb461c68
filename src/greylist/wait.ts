/**
 * One wait: a record of the kind of a triplet, judged for itself. A visit has one or two of them: that of its
 * triplet, and that of the pool from which it comes.
 */
import type { UnixSeconds } from '../time/clock.ts';
import {
  hasGivenUp,
  hasPassed,
  isExpired,
  isToBeNoted,
  type Lifetimes,
  type TripletRecord,
} from './records.ts';

export interface JudgedWait {
  /** Seconds. */
  readonly delay: number;
  /** When it began: now, if no record counts. */
  readonly first: UnixSeconds;
  readonly hasPassedBefore: boolean;
  /** Its first-seen time lay in the future (the clock was set back), so it starts again. */
  readonly wasInFuture: boolean;
  /** A visit that passes is to be saved, see `isToBeNoted`. */
  readonly isToBeSaved: boolean;
}

/** @param lifetimes with the delay of this wait */
export function judge(known: TripletRecord | undefined, lifetimes: Lifetimes, now: UnixSeconds): JudgedWait {
  const record = known !== undefined && !isExpired(known, lifetimes, now) ? known : undefined;
  const hasPassedBefore = record !== undefined && hasPassed(record, lifetimes);
  const wasInFuture = record !== undefined && record.first > now;
  const isNew = record === undefined || wasInFuture || hasGivenUp(record, lifetimes, now);
  return {
    delay: lifetimes.delay,
    first: isNew ? now : record.first,
    hasPassedBefore,
    wasInFuture,
    isToBeSaved: !hasPassedBefore || isToBeNoted(record, now),
  };
}
