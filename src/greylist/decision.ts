/**
 * The greylisting rule: from the records of a visit, its terms and the time, to a verdict and the records to save.
 * The whitelists come before it.
 *
 *   1. client on the auto-whitelist                          -> pass
 *   2. a window is open for the recipient                    -> pass
 *   3. the recipient has written to the sender, no suspect   -> pass
 *   4. farm on the auto-whitelist                            -> pass
 *   5. profile suspects, and no suspect                      -> pass
 *   6. the waits of triplet and pool                         -> pass or greylist
 *
 * With the records of client and triplet alone it is postgrey's rule, to the second. greyd adds expiry at lookup,
 * does not save each visit of a triplet that has passed, and counts a client whose last success lies in the future.
 *
 * By 3 and 4 mail passes without a wait, and those waits that have passed before are noted: the sender stays known
 * when the reason is gone.
 *
 * A pool may share a wait because whoever passes by it could have passed by retrying from the first host: hosts of
 * one registered domain, confirmed by forward DNS, asked for the same sender and recipient before.
 *
 * Pure: no clock, no store, no socket. It may be called again for the same request.
 */
import type { UnixSeconds } from '../time/clock.ts';
import { type ClientRecord, isDue, isExpired, type Lifetimes, type TripletRecord } from './records.ts';
import type { Records } from './records-of-visit.ts';
import type { Terms } from './visit.ts';
import { type JudgedWait, judge } from './wait.ts';

export interface GreylistRules extends Lifetimes {
  /** Successful retries after which a client address is no longer greylisted; 0: never, nor a farm. */
  readonly autoWhitelistAfter: number;
  /** The delay of clients that share a wait, in seconds; the shorter of it and `delay` counts. */
  readonly namedDelay: number;
  /** Hours with a success after which a farm is no longer greylisted; 0: never. */
  readonly autoWhitelistFarmsAfter: number;
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
  /** Seconds that the mail waited, if it passes for the first time. */
  readonly delayed: number | undefined;
  /** This visit put the client on the auto-whitelist. */
  readonly clientWhitelisted: boolean;
  /** This visit put the farm on the auto-whitelist. */
  readonly farmWhitelisted?: boolean;
}

/** A pass without a wait. */
export interface DirectPassVerdict {
  readonly action: 'pass';
  readonly reason: 'client AWL' | 'expected' | 'correspondent' | 'farm AWL' | 'named host';
}

export type RuleVerdict = GreylistVerdict | PassVerdict | DirectPassVerdict;

export interface Decision {
  readonly verdict: RuleVerdict;
  readonly save: Records;
}

/** How long the null sender passes to somebody who has sent a mail, for bounces and callouts, in seconds. */
const NULL_SENDER_SECONDS = 5 * 86_400;

const UNCHANGED: Records = { triplet: undefined, client: undefined };

/**
 * @param now Unix seconds
 * @param terms undefined: postgrey's
 */
export function decide(known: Records, rules: GreylistRules, now: UnixSeconds, terms?: Terms): Decision {
  const live = (record: ClientRecord | undefined) =>
    record !== undefined && !isExpired(record, rules, now) ? record : undefined;
  const client = live(known.client);
  const counts = rules.autoWhitelistAfter > 0 && terms?.isAlwaysGreylisted !== true;
  if (counts && client !== undefined && client.count >= rules.autoWhitelistAfter) {
    const { count, last } = client;
    const noted = isDue(last, now) ? { count: count + 1, last: now } : undefined;
    return pass('client AWL', { client: noted });
  }
  if (isWindowOpen(known.window, now) || isWindowOpen(known.domainWindow, now)) return pass('expected');
  const waits = judgeWaits(known, rules, now, terms);
  if (awaitsAnswer(known.correspondent, terms, rules, now))
    return pass('correspondent', noteUse(waits, rules, now));
  const farm = { passed: live(known.farm), opened: live(known.opened) };
  if (isTrusted(farm, rules) && farm.passed !== undefined) {
    const { count, last } = farm.passed;
    // Its count stays: this mail has proved nothing.
    const noted = isDue(last, now) ? { count, last: now } : undefined;
    return pass('farm AWL', { ...noteUse(waits, rules, now), farm: noted });
  }
  if (terms?.profile === 'suspects' && !terms.isSuspect) return pass('named host');
  return decideByWaits(waits, { client, counts, farm }, rules, now, terms);
}

/** What is known of a farm: hours with a success, and hours in which a wait began. */
export interface Farm {
  readonly passed: ClientRecord | undefined;
  readonly opened: ClientRecord | undefined;
}

/** What is known of a client beside its waits. */
interface Reputation {
  readonly client: ClientRecord | undefined;
  /** A first success counts for the client. */
  readonly counts: boolean;
  readonly farm: Farm;
}

/** Returns the wait of the triplet, and that of the pool if there is one. */
function judgeWaits(
  known: Records,
  rules: GreylistRules,
  now: UnixSeconds,
  terms: Terms | undefined,
): JudgedWaits {
  const { retryWindow, maxAge } = rules;
  const delay = terms?.delay ?? rules.delay;
  const own = judge(known.triplet, { delay, retryWindow, maxAge }, now);
  if (terms?.pool === undefined) return { own, shared: undefined };
  return { own, shared: judge(known.pool, sharedLifetimes(rules, delay), now) };
}

/** Returns the lifetimes of a wait that hosts share. @param delay that of the triplet, in seconds */
export function sharedLifetimes(rules: GreylistRules, delay = rules.delay): Lifetimes {
  const { retryWindow, maxAge, namedDelay } = rules;
  return { delay: Math.min(delay, namedDelay), retryWindow, maxAge };
}

interface JudgedWaits {
  readonly own: JudgedWait;
  readonly shared: JudgedWait | undefined;
}

function decideByWaits(
  { own, shared = own }: JudgedWaits,
  { client, counts, farm }: Reputation,
  rules: GreylistRules,
  now: UnixSeconds,
  terms: Terms | undefined,
): Decision {
  const first = Math.min(own.first, shared.first);
  const retryAfter = Math.min(own.delay, shared.delay) - (now - first);
  const hasPassedBefore = own.hasPassedBefore || shared.hasPassedBefore;
  const [hasPool, hasFarm] = [terms?.pool !== undefined, terms?.farm !== undefined];
  // In postgrey a triplet that has passed waits again if the clock was set back to its wait.
  const staysPassed = hasPassedBefore && terms !== undefined && terms.profile !== 'postgrey';
  if (retryAfter > 0 && !staysPassed) {
    const reason = first === now ? 'new' : 'early-retry';
    const wasInFuture = own.wasInFuture || shared.wasInFuture;
    const record = { first, last: now };
    return {
      verdict: { action: 'greylist', reason, retryAfter, wasInFuture },
      save: {
        triplet: record,
        client: undefined,
        pool: hasPool ? record : undefined,
        opened: hasFarm && reason === 'new' ? countEvent(farm.opened, now) : undefined,
      },
    };
  }
  const isFirst = !hasPassedBefore;
  const clientCounted = isFirst && counts ? countEvent(client, now) : undefined;
  const farmCounted = isFirst && hasFarm ? countEvent(farm.passed, now) : undefined;
  const passed = passedRecord(first, own, rules, now);
  return {
    verdict: {
      action: 'pass',
      reason: 'triplet found',
      delayed: isFirst ? now - first : undefined,
      clientWhitelisted: clientCounted?.count === rules.autoWhitelistAfter,
      ...(becomesTrusted(farm, farmCounted, rules) ? { farmWhitelisted: true } : {}),
    },
    save: {
      triplet: own.isToBeSaved ? passed : undefined,
      client: clientCounted,
      pool: hasPool && shared.isToBeSaved ? passed : undefined,
      farm: farmCounted,
    },
  };
}

/** What passes by a shorter wait is saved as passed by the longest: no option makes it wait again. */
function passedRecord(
  first: UnixSeconds,
  own: JudgedWait,
  rules: GreylistRules,
  now: UnixSeconds,
): TripletRecord {
  return { first: Math.min(first, now - Math.max(own.delay, rules.delay)), last: now };
}

/** Returns what is to be saved of waits that have passed before, so that they do not expire while mail passes without them. */
function noteUse({ own, shared }: JudgedWaits, rules: GreylistRules, now: UnixSeconds): Partial<Records> {
  const note = (wait: JudgedWait | undefined) =>
    wait?.hasPassedBefore === true && wait.isToBeSaved
      ? passedRecord(wait.first, own, rules, now)
      : undefined;
  return { triplet: note(own), pool: note(shared) };
}

/** Tells whether a farm is on the auto-whitelist: enough of its mail was retried, and not little of it all. */
export function isTrusted(
  { passed, opened }: Farm,
  { autoWhitelistFarmsAfter: enough }: GreylistRules,
): boolean {
  return (
    enough > 0 && passed !== undefined && passed.count >= enough && passed.count * 2 >= (opened?.count ?? 0)
  );
}

function becomesTrusted(farm: Farm, counted: ClientRecord | undefined, rules: GreylistRules): boolean {
  return counted !== undefined && !isTrusted(farm, rules) && isTrusted({ ...farm, passed: counted }, rules);
}

/** Counts an event, at most one an hour. @returns undefined if it does not count */
function countEvent(record: ClientRecord | undefined, now: UnixSeconds): ClientRecord | undefined {
  if (record === undefined) return { count: 1, last: now };
  return isDue(record.last, now) ? { count: record.count + 1, last: now } : undefined;
}

function pass(reason: DirectPassVerdict['reason'], save: Partial<Records> = {}): Decision {
  return { verdict: { action: 'pass', reason }, save: { ...UNCHANGED, ...save } };
}

function isWindowOpen(window: ClientRecord | undefined, now: UnixSeconds): boolean {
  return window !== undefined && now <= window.last;
}

/** Tells whether the recipient has written to the sender, and not too long ago. */
export function awaitsAnswer(
  correspondent: ClientRecord | undefined,
  terms: Terms | undefined,
  rules: GreylistRules,
  now: UnixSeconds,
): boolean {
  if (correspondent === undefined || isExpired(correspondent, rules, now)) return false;
  return terms?.sender !== '' || now - correspondent.last <= NULL_SENDER_SECONDS;
}
