/**
 * The greylisting rule: what is known about a client and a triplet, and the time, make a verdict
 * and the records to save. Steps 4 and 5 of the decision; the whitelists come before it.
 *
 * Pure: no clock, no store, no socket. It may be called again for the same request.
 * Source of the rule: postgrey 1.37, to the second. greyd's own are expiry at lookup, that not each visit of
 * a triplet that has passed is noted, and that a client is counted whose last success lies in the future.
 */
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
  /** Successes after which a client address is no longer greylisted; 0: never. */
  readonly autoWhitelistAfter: number;
}

/** undefined: not known, or (in what is to be saved) unchanged. */
export interface Records {
  readonly triplet: TripletRecord | undefined;
  readonly client: ClientRecord | undefined;
}

export interface GreylistVerdict {
  readonly action: 'greylist';
  readonly reason: 'new' | 'early-retry';
  /** Seconds until a retry passes, at least 1. */
  readonly missing: number;
  /** The first visit lay in the future (somebody set a clock), so the wait starts again. */
  readonly wasInFuture: boolean;
}

export interface PassVerdict {
  readonly action: 'pass';
  readonly reason: 'triplet found';
  /** Seconds it had to wait, if this is the visit on which it first passes. */
  readonly delayed: number | undefined;
  /** This visit made the client reach the auto-whitelist. */
  readonly clientWhitelisted: boolean;
}

export interface AutoWhitelistVerdict {
  readonly action: 'pass';
  readonly reason: 'client AWL';
}

export type Verdict = GreylistVerdict | PassVerdict | AutoWhitelistVerdict;

export interface Decision {
  readonly verdict: Verdict;
  readonly save: Records;
}

/** @param now Unix seconds */
export function decide(known: Records, rules: GreylistRules, now: number): Decision {
  const client = known.client && !isExpired(known.client, rules, now) ? known.client : undefined;
  const triplet = known.triplet && !isExpired(known.triplet, rules, now) ? known.triplet : undefined;
  if (client !== undefined && rules.autoWhitelistAfter > 0 && client.count >= rules.autoWhitelistAfter) {
    return passWhitelisted(client, now);
  }

  const passedBefore = triplet !== undefined && hasPassed(triplet, rules);
  const wasInFuture = triplet !== undefined && triplet.first > now;
  const isNew = triplet === undefined || wasInFuture || hasGivenUp(triplet, rules, now);
  const first = isNew ? now : triplet.first;
  const missing = rules.delay - (now - first);
  if (missing > 0) {
    const reason = first === now ? 'new' : 'early-retry';
    return {
      verdict: { action: 'greylist', reason, missing, wasInFuture },
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

/** A client on the auto-whitelist passes; its record is kept fresh, its triplet is not touched. */
function passWhitelisted({ count, last }: ClientRecord, now: number): Decision {
  return {
    verdict: { action: 'pass', reason: 'client AWL' },
    save: { client: isDue(last, now) ? { count: count + 1, last: now } : undefined, triplet: undefined },
  };
}

/** The client's record after a first success, or undefined if it does not count. */
function countSuccess(
  client: ClientRecord | undefined,
  rules: GreylistRules,
  now: number,
): ClientRecord | undefined {
  if (rules.autoWhitelistAfter === 0) return undefined;
  if (client === undefined) return { count: 1, last: now };
  return isDue(client.last, now) ? { count: client.count + 1, last: now } : undefined;
}
