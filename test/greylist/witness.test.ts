/**
 * Why a wait may be shared: whoever passes under --profile=smart and not under postgrey has a reason with a name, or a
 * witness. That is an earlier attempt, the shorter delay before at least, of a host of the same registered domain with the
 * same masked sender and recipient, or of the same triplet.
 *
 * Known limit: a wait is handed on. Where a network has hosts of two domains, or a triplet another sender than the
 * masked one, the witness may be found by two steps or more: what shares with the other shares with a third.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GreylistRules } from '../../src/greylist/decision.ts';
import { inputs } from '../support/fuzz.ts';
import {
  type Attempt,
  conversations,
  converse,
  DAY,
  HOUR,
  isPassed,
  ownPoolOf,
  poolOf,
  RULES,
  type Told,
  transcript,
  tripletOf,
  type World,
  type Writing,
} from './conversation.ts';
import { HOSTS, NEIGHBOURS, ODD_SENDER, SENDERS } from './parties.ts';

const rules = fc.record<GreylistRules>({
  ...{ delay: fc.constantFrom(60, 300), retryWindow: fc.constant(RULES.retryWindow) },
  ...{ maxAge: fc.constantFrom(3 * DAY, RULES.maxAge), autoWhitelistAfter: fc.constantFrom(0, 1, 2, 5) },
  ...{ namedDelay: fc.constantFrom(1, 60, 300), autoWhitelistFarmsAfter: fc.constantFrom(0, 1, 3) },
});

const APART: World = { hosts: HOSTS, senders: SENDERS, setsClockBack: true, writes: true };
const MIXED: World = { ...APART, hosts: [...HOSTS, ...NEIGHBOURS], senders: [...SENDERS, ODD_SENDER] };

type Events = readonly (Attempt | Writing)[];

/** Tells whether two attempts share a wait by what they are: the second may have learnt of the first. */
type Shares = (one: Told, other: Told) => boolean;

const sameTriplet: Shares = (one, other) => tripletOf(one) === tripletOf(other);

/** By the registered domains of the hosts, whether their names were confirmed at these times or not. */
const sameDomain: Shares = (one, other) =>
  sameTriplet(one, other) || (ownPoolOf(one) !== undefined && ownPoolOf(one) === ownPoolOf(other));

const samePool: Shares = (one, other) =>
  sameTriplet(one, other) || (poolOf(one) !== undefined && poolOf(one) === poolOf(other));

/** The earlier attempts that share a wait with one, or with one that does if `isHandedOn`; the latest first. */
function earlier(all: readonly Told[], of: number, shares: Shares, isHandedOn: boolean): Told[] {
  const last = all[of];
  if (last === undefined) return [];
  const found = [last];
  for (const one of all.slice(0, of).reverse()) {
    if (found.slice(0, isHandedOn ? undefined : 1).some((other) => shares(other, one))) found.push(one);
  }
  return found.slice(1);
}

const hasWaited = ({ verdict }: Told) => verdict.action === 'pass' && verdict.reason === 'triplet found';

/** Tells whether an attempt is a witness: it came `least` seconds before, and not longer than a retry may take. */
function isWitness(witness: Told, now: number, least: number, { retryWindow }: GreylistRules): boolean {
  const age = now - witness.now;
  return age >= least && age <= retryWindow;
}

/** Tells whether somebody has passed by a wait, and mail has passed since then without a pause of a record's lifetime. */
function isKnown(before: readonly Told[], now: number, { maxAge }: GreylistRules): boolean {
  let until = Number.NEGATIVE_INFINITY;
  for (const one of before.toReversed()) {
    const isUse = isPassed(one) && one.verdict.reason !== 'client AWL' && one.now <= until;
    if (hasWaited(one) || isUse) until = Math.max(until, one.now + maxAge + HOUR);
  }
  return now <= until;
}

/** Tells whether what came before is ground enough for a pass without a wait. */
function hasGround(
  { index, verdict, visit }: Told,
  before: readonly Told[],
  events: Events,
  ruled: GreylistRules,
) {
  const { terms, client, triplet } = visit;
  const successes = before.filter(
    (one) => one.verdict.reason === 'triplet found' && one.verdict.delayed !== undefined,
  );
  if (verdict.reason === 'client AWL') {
    const own = successes.filter((one) => one.visit.client.clientAddress === client.clientAddress);
    return own.length >= ruled.autoWhitelistAfter;
  }
  if (verdict.reason === 'farm AWL') {
    const own = successes.filter((one) => one.visit.terms?.farm === terms?.farm);
    return own.length >= ruled.autoWhitelistFarmsAfter;
  }
  if (verdict.reason !== 'correspondent') return false;
  const writings = events.slice(0, index).filter((event) => 'user' in event);
  return writings.some(
    ({ user, correspondent }) =>
      user.toLowerCase() === triplet.recipient &&
      (terms?.sender === '' || correspondent.toLowerCase() === terms?.sender),
  );
}

/** Checks conversations. @returns how many attempts passed by another triplet alone, and which reasons were met */
async function check(world: World, shares: Shares, isHandedOn: boolean) {
  let shared = 0;
  const named = new Set<string>();
  await fc.assert(
    fc.asyncProperty(conversations(world), rules, async (events, ruled) => {
      const smart = await converse(events, ruled, () => 'smart');
      const postgrey = await converse(events, ruled, () => 'postgrey');
      for (const [index, one] of smart.entries()) {
        const theirs = postgrey[index];
        if (!isPassed(one) || theirs === undefined || isPassed(theirs)) continue;
        if (!hasWaited(one)) {
          if (!hasGround(one, smart.slice(0, index), events, ruled))
            expect.fail(`no ground for the last one\n${transcript(smart.slice(0, index + 1))}`);
          named.add(one.verdict.reason);
          continue;
        }
        const before = earlier(smart, index, shares, isHandedOn);
        // A host that shares nothing now may have taken over a wait before, which is seen by two steps.
        const isShort = !isHandedOn || poolOf(one) !== undefined;
        const least = isShort ? Math.min(ruled.delay, ruled.namedDelay) : ruled.delay;
        const isSeen = (others: readonly Told[]) =>
          isKnown(others, one.now, ruled) || others.some((other) => isWitness(other, one.now, least, ruled));
        if (!isSeen(before))
          expect.fail(`no witness for the last one\n${transcript(smart.slice(0, index + 1))}`);
        if (!isSeen(before.filter((other) => sameTriplet(other, one)))) shared += 1;
      }
    }),
    { numRuns: inputs(3000) },
  );
  return { shared, named: [...named].sort() };
}

const NAMED = ['client AWL', 'correspondent', 'farm AWL'];

test('who passes and would not under postgrey has a reason or a witness', async () => {
  const { shared, named } = await check(APART, sameDomain, false);
  expect(shared).toBeGreaterThan(300);
  expect(named).toEqual(NAMED);
});

test('where networks and senders are mixed, a witness of a witness', async () => {
  const { shared, named } = await check(MIXED, samePool, true);
  expect(shared).toBeGreaterThan(300);
  expect(named).toEqual(NAMED);
});
