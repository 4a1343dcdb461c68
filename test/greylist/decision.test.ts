import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Decision, decide, type GreylistRules } from '../../src/greylist/decision.ts';
import type { Records } from '../../src/greylist/records-of-visit.ts';
import { DEFAULT_RULES } from '../support/default-rules.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Some moment; all times below are relative to it. */
const T = 1_700_000_000;

function visit(known: Partial<Records>, now: number, rules: Partial<GreylistRules> = {}): Decision {
  return decide({ triplet: undefined, client: undefined, ...known }, { ...DEFAULT_RULES, ...rules }, now);
}

const triplet = (first: number, last = first) => ({ triplet: { first: T + first, last: T + last } });
const client = (count: number, last: number) => ({ client: { count, last: T + last } });

describe('a triplet that has not passed yet', () => {
  test('is greylisted as new when it is unknown', () => {
    expect(visit({}, T)).toEqual({
      verdict: { action: 'greylist', reason: 'new', retryAfter: 300, wasInFuture: false },
      save: { triplet: { first: T, last: T }, client: undefined },
    });
  });

  test('is new once more within the same second', () => {
    expect(visit(triplet(0), T).verdict).toEqual({
      action: 'greylist',
      reason: 'new',
      retryAfter: 300,
      wasInFuture: false,
    });
  });

  test('is greylisted until the last second of the delay', () => {
    expect(visit(triplet(0, 10), T + 299)).toEqual({
      verdict: { action: 'greylist', reason: 'early-retry', retryAfter: 1, wasInFuture: false },
      save: { triplet: { first: T, last: T + 299 }, client: undefined },
    });
  });

  test('passes when the delay is over, and counts for its client', () => {
    expect(visit(triplet(0, 10), T + 300)).toEqual({
      verdict: { action: 'pass', reason: 'triplet found', delayed: 300, clientWhitelisted: false },
      save: { triplet: { first: T, last: T + 300 }, client: { count: 1, last: T + 300 } },
    });
  });

  test('passes until the retry window ends and starts again after it', () => {
    const recent = triplet(0, 299);
    expect(visit(recent, T + 2 * DAY).verdict).toMatchObject({ action: 'pass', delayed: 2 * DAY });
    expect(visit(recent, T + 2 * DAY + 1)).toEqual({
      verdict: { action: 'greylist', reason: 'new', retryAfter: 300, wasInFuture: false },
      save: { triplet: { first: T + 2 * DAY + 1, last: T + 2 * DAY + 1 }, client: undefined },
    });
  });

  test('is absent when it was not asked about for longer than the retry window', () => {
    const rules = { maxAge: 1 * DAY };
    expect(visit(triplet(0), T + 1 * DAY, rules).verdict.reason).toBe('triplet found');
    expect(visit(triplet(0), T + 1 * DAY + 1, rules).verdict.reason).toBe('new');
  });

  test('starts again when its first visit lies in the future', () => {
    expect(visit(triplet(50), T)).toMatchObject({
      verdict: { action: 'greylist', reason: 'new', retryAfter: 300, wasInFuture: true },
      save: { triplet: { first: T, last: T } },
    });
  });
});

describe('a triplet that has passed before', () => {
  const passed = triplet(0, 300);

  test('passes at once and counts no more', () => {
    expect(visit(passed, T + 301)).toEqual({
      verdict: { action: 'pass', reason: 'triplet found', delayed: undefined, clientWhitelisted: false },
      save: { triplet: { first: T, last: T + 301 }, client: undefined },
    });
  });

  test('has its visits noted at most once an hour, but each in its first one, and after one from the future', () => {
    expect(visit(triplet(0, HOUR - 1), T + HOUR).save.triplet).toEqual({ first: T, last: T + HOUR });
    const noted = triplet(0, 2 * HOUR);
    for (const now of [T + 2 * HOUR, T + 2 * HOUR + 1, T + 3 * HOUR - 1]) {
      expect(visit(noted, now)).toMatchObject({ verdict: { action: 'pass' }, save: { triplet: undefined } });
    }
    expect(visit(noted, T + 3 * HOUR).save.triplet).toEqual({ first: T, last: T + 3 * HOUR });
    expect(visit(noted, T + HOUR).save.triplet).toEqual({ first: T, last: T + HOUR });
  });

  test('is remembered for the maximal age after its last visit at least, noted or not, and for an hour more at most', () => {
    const lastNoted = T + 300;
    const lastVisit = lastNoted + HOUR - 1;
    expect(visit(passed, lastVisit + 35 * DAY).verdict).toMatchObject({ action: 'pass', delayed: undefined });
    expect(visit(passed, lastNoted + HOUR + 35 * DAY).verdict).toMatchObject({
      action: 'greylist',
      reason: 'new',
    });
  });

  test('keeps its first visit, however long ago', () => {
    expect(visit(triplet(-1000 * DAY, 0), T + DAY)).toMatchObject({
      verdict: { action: 'pass' },
      save: { triplet: { first: T - 1000 * DAY, last: T + DAY } },
    });
  });

  test('waits again when a longer delay is set', () => {
    expect(visit(passed, T + 400, { delay: 600 }).verdict).toEqual({
      action: 'greylist',
      reason: 'early-retry',
      retryAfter: 200,
      wasInFuture: false,
    });
  });
});

describe('the auto-whitelist', () => {
  test('a first success counts at most once in an hour', () => {
    const success = { ...triplet(0, 1) };
    expect(visit({ ...success, ...client(2, 300 - HOUR) }, T + 300).save.client).toEqual({
      count: 3,
      last: T + 300,
    });
    expect(visit({ ...success, ...client(2, 301 - HOUR) }, T + 300).save.client).toBeUndefined();
  });

  test('it counts if the last one lies in the future', () => {
    expect(visit({ ...triplet(0, 1), ...client(2, 301) }, T + 300).save.client).toEqual({
      count: 3,
      last: T + 300,
    });
  });

  test('the success that reaches the number is told', () => {
    expect(visit({ ...triplet(0, 1), ...client(4, -HOUR) }, T + 300)).toMatchObject({
      verdict: { delayed: 300, clientWhitelisted: true },
      save: { client: { count: 5, last: T + 300 } },
    });
  });

  test('from then on the client passes, whatever the triplet', () => {
    expect(visit(client(5, 0), T + 10)).toEqual({
      verdict: { action: 'pass', reason: 'client AWL' },
      save: { client: undefined, triplet: undefined },
    });
    expect(visit({ ...client(5, 0), ...triplet(5) }, T + 10).verdict.reason).toBe('client AWL');
  });

  test('its record is kept fresh once in an hour, or if it lies in the future', () => {
    expect(visit(client(5, 0), T + HOUR - 1).save.client).toBeUndefined();
    expect(visit(client(5, 0), T + HOUR).save.client).toEqual({ count: 6, last: T + HOUR });
    expect(visit(client(5, 10), T).save.client).toEqual({ count: 6, last: T });
  });

  test('it is forgotten after the maximal age, to the second', () => {
    expect(visit(client(5, 0), T + 35 * DAY).verdict.reason).toBe('client AWL');
    expect(visit(client(5, 0), T + 35 * DAY + 1).verdict.reason).toBe('new');
  });

  test('an expired client record counts from one again', () => {
    const now = T + 36 * DAY;
    expect(visit({ triplet: { first: now - 300, last: now - 1 }, ...client(4, 0) }, now)).toMatchObject({
      verdict: { clientWhitelisted: false },
      save: { client: { count: 1, last: now } },
    });
  });

  test('0 turns it off: nobody is whitelisted, nothing is counted', () => {
    const off = { autoWhitelistAfter: 0, namedDelay: 60, autoWhitelistFarmsAfter: 3 };
    expect(visit(client(9, 0), T, off).verdict.reason).toBe('new');
    expect(visit({ ...triplet(0, 1), ...client(9, -HOUR) }, T + 300, off).save.client).toBeUndefined();
  });

  test('1 whitelists a client with its first success', () => {
    expect(
      visit(triplet(0, 1), T + 300, { autoWhitelistAfter: 1, namedDelay: 60, autoWhitelistFarmsAfter: 3 })
        .verdict,
    ).toMatchObject({
      clientWhitelisted: true,
    });
  });
});

test('whatever is known, from the past or the future, a retry after the delay passes', () => {
  const seconds = fc.oneof(
    fc.integer({ min: -400, max: 400 }),
    fc.integer({ min: -40 * DAY, max: 40 * DAY }),
    fc.integer({ min: -3650 * DAY, max: 3650 * DAY }),
  );
  const known = fc.record({
    triplet: fc.option(fc.record({ first: seconds, last: seconds }), { nil: undefined }),
    client: fc.option(fc.record({ count: fc.nat(6), last: seconds }), { nil: undefined }),
  });
  let putOff = 0;
  fc.assert(
    fc.property(known, ({ triplet, client }) => {
      const before: Records = {
        triplet: triplet && { first: T + triplet.first, last: T + triplet.last },
        client: client && { count: client.count, last: T + client.last },
      };
      const first = visit(before, T);
      if (first.verdict.action === 'greylist') putOff += 1;
      const after = {
        triplet: first.save.triplet ?? before.triplet,
        client: first.save.client ?? before.client,
      };
      expect(visit(after, T + DEFAULT_RULES.delay).verdict.action).toBe('pass');
    }),
    { numRuns: 2000 },
  );
  expect(putOff).toBeGreaterThan(0);
});
