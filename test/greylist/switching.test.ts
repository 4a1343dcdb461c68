/**
 * What has passed stays passed, and a wait that has begun goes on, while the profile is switched between postgrey and
 * smart at random over the same records.
 *
 * Known limits: in postgrey a triplet that has passed waits again if the clock was set back to its wait, so here it is
 * not set back under that profile. What has never waited (the mail of a correspondent, a farm or a client on the
 * auto-whitelist) leaves nothing behind that another profile would know it by.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GreylistRules } from '../../src/greylist/decision.ts';
import type { Profile } from '../../src/greylist/visit.ts';
import { inputs } from '../support/fuzz.ts';
import {
  conversations,
  converse,
  DAY,
  poolOf,
  RULES,
  type Told,
  transcript,
  tripletOf,
} from './conversation.ts';
import { HOSTS, NEIGHBOURS, ODD_SENDER, SENDERS } from './parties.ts';

const rules = fc.record<GreylistRules>({
  ...{ delay: fc.constantFrom(60, 300), retryWindow: fc.constant(RULES.retryWindow) },
  ...{ maxAge: fc.constantFrom(3 * DAY, RULES.maxAge), autoWhitelistAfter: fc.constantFrom(0, 2, 5) },
  ...{ namedDelay: fc.constantFrom(1, 60, 300), autoWhitelistFarmsAfter: fc.constantFrom(0, 1) },
});

const WORLD = { hosts: [...HOSTS, ...NEIGHBOURS], senders: [...SENDERS, ODD_SENDER], writes: true };

/** What is known of a wait from the answers alone. */
interface Seen {
  /** When it began, if it has not passed. */
  readonly first: number | undefined;
  readonly last: number;
}

/** Judges one wait after another. @returns what is wrong with an answer, if something is */
class Waits {
  readonly #seen = new Map<string, Seen>();
  /** How often a wait that had passed, or one that had begun, was met under the other profile. */
  readonly met = { passed: 0, begun: 0 };
  readonly #rules: GreylistRules;

  constructor(rules: GreylistRules) {
    this.#rules = rules;
  }

  /** @param delay of this wait, under the profile of now */
  judge(name: string, { now, verdict }: Told, delay: number): string | undefined {
    if (!['triplet found', 'correspondent', 'farm AWL', 'new', 'early-retry'].includes(verdict.reason))
      return undefined;
    const { retryWindow, maxAge, delay: longest, namedDelay } = this.#rules;
    const seen = this.#seen.get(name);
    const isPass = verdict.action === 'pass';
    const age = seen === undefined ? Number.POSITIVE_INFINITY : now - seen.last;
    // A wait that was taken over began up to the shorter delay earlier.
    const window = retryWindow - Math.min(longest, namedDelay);
    const isLive =
      seen?.first === undefined ? age <= maxAge : now - seen.first <= window && now >= seen.first;
    const first = seen?.first !== undefined && isLive ? seen.first : now;
    const hasPassed = seen !== undefined && seen.first === undefined && isLive;
    if (verdict.reason === 'correspondent' || verdict.reason === 'farm AWL') {
      if (hasPassed) this.#seen.set(name, { first: undefined, last: now });
      return undefined;
    }
    this.#seen.set(name, { first: isPass ? undefined : first, last: now });
    if (hasPassed) this.met.passed += 1;
    else if (isLive && seen !== undefined) this.met.begun += 1;
    if (isPass) return undefined;
    if (hasPassed) return 'deferred, though it has passed';
    const missing = first + delay - now;
    return verdict.action === 'greylist' && verdict.retryAfter > missing
      ? `${missing} s are missing`
      : undefined;
  }
}

/** Plays conversations under a changing profile. */
async function play(setsClockBack: boolean, profile: fc.Arbitrary<Profile>) {
  const met = { passed: 0, begun: 0 };
  await fc.assert(
    fc.asyncProperty(
      conversations({ ...WORLD, setsClockBack }),
      fc.infiniteStream(profile),
      rules,
      async (events, stream, ruled) => {
        const profiles = [...stream.take(events.length)];
        const told = await converse(events, ruled, (index) => profiles[index] ?? 'smart');
        const waits = new Waits(ruled);
        for (const [index, one] of told.entries()) {
          const pool = poolOf(one);
          const shared = Math.min(ruled.delay, ruled.namedDelay);
          const wrong = [
            waits.judge(tripletOf(one), one, pool === undefined ? ruled.delay : shared),
            pool === undefined ? undefined : waits.judge(pool, one, shared),
          ].filter((fault) => fault !== undefined);
          if (wrong.length > 0) expect.fail(`${wrong.join(', ')}\n${transcript(told.slice(0, index + 1))}`);
        }
        met.passed += waits.met.passed;
        met.begun += waits.met.begun;
      },
    ),
    { numRuns: inputs(2000) },
  );
  return met;
}

test('postgrey and smart in turn', async () => {
  const { passed, begun } = await play(false, fc.constantFrom('postgrey', 'smart'));
  expect(passed).toBeGreaterThan(1000);
  expect(begun).toBeGreaterThan(1000);
});

test('smart alone, while the clock is set back', async () => {
  const { passed, begun } = await play(true, fc.constant('smart'));
  expect(passed).toBeGreaterThan(1000);
  expect(begun).toBeGreaterThan(1000);
});
