/**
 * The greylisting rule: from the records of a client and a triplet, and the time, to a verdict
 * and the records to save. Steps 4 and 5 of the decision; the whitelists come before it.
 *
 * Pure: no clock, no store, no socket. It may be called again for the same request.
 * Source of the rule: postgrey 1.37, to the second. greyd adds expiry at lookup, does not save each visit of a
 * triplet that has passed, and counts a client whose last success lies in the future.
 */
import type { UnixSeconds } from '../time/clock.ts';
import {
  type ClientRecord,
  hasGivenUp,
  hasPassed,
  isDue,
  isExpired,
  isToBeNoted,
  type Lifetimes,
  type TripletRecord,
} from './records.ts';

export interface GreylistRules extends Lifetimes {
  /** Successful retries after which a client address is no longer greylisted; 0: never. */
  readonly autoWhitelistAfter: number;
}

/** Records by kind; undefined: none known or, among those to save, unchanged. */
export interface Records {
  readonly triplet: TripletRecord | undefined;
  readonly client: ClientRecord | undefined;
}

export interface GreylistVerdict {
  readonly action: 'greylist';
  readonly reason: 'new' | 'early-retry';
  /** Seconds until a retry passes, at least 1. */
  readonly retryAfter: number;
  /** The first-seen time lay in the future (the clock was set back), so the wait starts again. */
  readonly wasInFuture: boolean;
}

export interface PassVerdict {
  readonly action: 'pass';
  readonly reason: 'triplet found';
  /** Seconds that the triplet waited, if it passes for the first time. */
  readonly delayed: number | undefined;
  /** This visit put the client on the auto-whitelist. */
  readonly clientWhitelisted: boolean;
}

export interface AutoWhitelistVerdict {
  readonly action: 'pass';
  readonly reason: 'client AWL';
}

export type RuleVerdict = GreylistVerdict | PassVerdict | AutoWhitelistVerdict;

export interface Decision {
  readonly verdict: RuleVerdict;
  readonly save: Records;
}

/** @param now Unix seconds */
export function decide(known: Records, rules: GreylistRules, now: UnixSeconds): Decision {
  const client = known.client && !isExpired(known.client, rules, now) ? known.client : undefined;
  const triplet = known.triplet && !isExpired(known.triplet, rules, now) ? known.triplet : undefined;
  if (client !== undefined && rules.autoWhitelistAfter > 0 && client.count >= rules.autoWhitelistAfter) {
    return passWhitelisted(client, now);
  }

  const passedBefore = triplet !== undefined && hasPassed(triplet, rules);
  const wasInFuture = triplet !== undefined && triplet.first > now;
  const isNew = triplet === undefined || wasInFuture || hasGivenUp(triplet, rules, now);
  const first = isNew ? now : triplet.first;
  const retryAfter = rules.delay - (now - first);
  if (retryAfter > 0) {
    const reason = first === now ? 'new' : 'early-retry';
    return {
      verdict: { action: 'greylist', reason, retryAfter, wasInFuture },
      save: { triplet: { first, last: now }, client: undefined },
    };
  }

  const counted = passedBefore ? undefined : countSuccess(client, rules, now);
  return {
    verdict: {
      action: 'pass',
      reason: 'triplet found',
      delayed: passedBefore ? undefined : now - first,
      clientWhitelisted: counted?.count === rules.autoWhitelistAfter,
    },
    save: {
      triplet: passedBefore && !isToBeNoted(triplet, now) ? undefined : { first, last: now },
      client: counted,
    },
  };
}

/** Passes a client on the auto-whitelist; its record is refreshed, its triplet is not touched. */
function passWhitelisted({ count, last }: ClientRecord, now: UnixSeconds): Decision {
  return {
    verdict: { action: 'pass', reason: 'client AWL' },
    save: { client: isDue(last, now) ? { count: count + 1, last: now } : undefined, triplet: undefined },
  };
}

/** Returns the client's record after a first success, or undefined if it does not count. */
function countSuccess(
  client: ClientRecord | undefined,
  rules: GreylistRules,
  now: UnixSeconds,
): ClientRecord | undefined {
  if (rules.autoWhitelistAfter === 0) return undefined;
  if (client === undefined) return { count: 1, last: now };
  return isDue(client.last, now) ? { count: client.count + 1, last: now } : undefined;
}
