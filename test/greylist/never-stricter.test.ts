/**
 * --profile=smart defers nobody who would pass under postgrey: the same conversation, from the same beginning.
 *
 * Known limits: without the auto-whitelist, which counts other successes under smart. And where a triplet has taken over
 * a wait that began before its own, its retry window ends by so much earlier.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GreylistRules } from '../../src/greylist/decision.ts';
import { inputs } from '../support/fuzz.ts';
import {
  conversations,
  converse,
  DAY,
  isPassed,
  RULES,
  type Told,
  transcript,
  tripletOf,
} from './conversation.ts';
import { HOSTS, NEIGHBOURS, ODD_SENDER, SENDERS } from './parties.ts';

const rules = fc.record<GreylistRules>({
  ...{ delay: fc.constantFrom(60, 300), retryWindow: fc.constant(RULES.retryWindow) },
  ...{ maxAge: fc.constantFrom(DAY, 3 * DAY, RULES.maxAge), autoWhitelistAfter: fc.constant(0) },
  ...{ namedDelay: fc.constantFrom(1, 60, 300), autoWhitelistFarmsAfter: fc.constantFrom(0, 1) },
});

const WORLD = {
  hosts: [...HOSTS, ...NEIGHBOURS],
  senders: [...SENDERS, ODD_SENDER],
  setsClockBack: true,
  writes: false,
};

/** The wait of a triplet that postgrey passes for the first time. */
const waited = ({ verdict }: Told) =>
  verdict.reason === 'triplet found' && verdict.delayed !== undefined ? verdict.delayed : undefined;

test('who passes under postgrey passes under smart', async () => {
  let passed = 0;
  let leftOut = 0;
  await fc.assert(
    fc.asyncProperty(conversations(WORLD), rules, async (events, ruled) => {
      const smart = await converse(events, ruled, () => 'smart');
      const postgrey = await converse(events, ruled, () => 'postgrey');
      // Triplets that met one of the limits: what becomes of them is not compared.
      const left = new Set<string>();
      const lastSeen = new Map<string, number>();
      for (const [index, theirs] of postgrey.entries()) {
        const ours = smart[index];
        const triplet = tripletOf(theirs);
        const age = theirs.now - (lastSeen.get(triplet) ?? theirs.now);
        lastSeen.set(triplet, theirs.now);
        if (ours === undefined || !isPassed(theirs) || left.has(triplet)) continue;
        passed += 1;
        // greyd remembers what has passed up to an hour longer than postgrey, whatever the profile.
        const isForgotten = age > ruled.maxAge;
        const isAtTheEnd =
          (waited(theirs) ?? 0) > ruled.retryWindow - Math.min(ruled.delay, ruled.namedDelay);
        if (isForgotten || isAtTheEnd) {
          left.add(triplet);
          leftOut += 1;
        } else if (!isPassed(ours))
          expect.fail(
            `deferred under smart alone\n${transcript(postgrey.slice(0, index + 1))}\n\n${transcript(smart.slice(0, index + 1))}`,
          );
      }
    }),
    { numRuns: inputs(3000) },
  );
  expect(passed).toBeGreaterThan(1000);
  expect(leftOut).toBeLessThan(passed / 50);
});
