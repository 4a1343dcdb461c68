/**
 * What greylisting costs good mail, and what it stops, in simulated worlds: a change of the rule that delays more good mail,
 * delays it for longer or passes more bots fails here. The bounds are those of the rule as it is, with little room.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/time/units.ts';
import { Agenda } from './agenda.ts';
import type { Figures } from './figures.ts';
import type { RuleName } from './rules/all.ts';
import { figuresIn } from './run.ts';
import { mailsOf } from './traffic.ts';
import { ADVERSE, ORDINARY, type World } from './world.ts';

const SEEDS = [1, 2];

/** Shares from 0 to 1, and seconds. */
interface Bounds {
  /** First mail. */
  readonly delayed: number;
  readonly p99: number;
  readonly codesInTime: number;
  /** Bots that never retry, and those that do so within a minute alone. */
  readonly never: number;
  readonly minute: number;
}

const ORDINARILY: Readonly<Partial<Record<RuleName, Bounds>>> = {
  postgrey: { delayed: 0.89, p99: 19 * HOUR, codesInTime: 0.34, never: 0.001, minute: 0.001 },
  greyd: { delayed: 0.35, p99: 2.7 * HOUR, codesInTime: 0.69, never: 0.001, minute: 0.001 },
  smart: { delayed: 0.165, p99: 45 * MINUTE, codesInTime: 0.98, never: 0.005, minute: 0.01 },
  suspects: { delayed: 0.04, p99: 20 * MINUTE, codesInTime: 0.98, never: 0.2, minute: 0.2 },
};

const ADVERSELY: Readonly<Partial<Record<RuleName, Bounds>>> = {
  greyd: { delayed: 0.39, p99: 2.7 * HOUR, codesInTime: 0.67, never: 0.001, minute: 0.001 },
  smart: { delayed: 0.23, p99: 50 * MINUTE, codesInTime: 0.93, never: 0.02, minute: 0.02 },
};

const GUARDED = [
  { name: 'ordinary', world: ORDINARY, rules: ORDINARILY },
  { name: 'adverse', world: ADVERSE, rules: ADVERSELY },
].flatMap(({ name, world, rules }) =>
  Object.entries(rules).map(([rule, bounds]) => ({ rule: rule as RuleName, name, world, bounds })),
);

describe.each(GUARDED)('$rule in an $name world', ({ rule, world, bounds }) => {
  const figures: Figures[] = [];
  beforeAll(async () => {
    for (const seed of SEEDS) figures.push(await figuresIn({ ...world, seed }, rule));
  });
  const mean = (figure: (one: Figures) => number) =>
    figures.reduce((sum, one) => sum + figure(one), 0) / figures.length;

  test('first mail', () => {
    expect(mean(({ firstDelayed }) => firstDelayed)).toBeLessThanOrEqual(bounds.delayed);
    expect(mean(({ p99 }) => p99)).toBeLessThanOrEqual(bounds.p99);
    expect(mean(({ neverDelivered }) => neverDelivered)).toBeLessThanOrEqual(0.001);
  });

  test('codes', () => {
    expect(mean(({ codesInTime }) => codesInTime)).toBeGreaterThanOrEqual(bounds.codesInTime);
  });

  test('bots that never retry, or within a minute alone', () => {
    expect(mean(({ spamPassed }) => spamPassed.never)).toBeLessThanOrEqual(bounds.never);
    expect(mean(({ spamPassed }) => spamPassed.minute)).toBeLessThanOrEqual(bounds.minute);
  });
});

describe('the world', () => {
  const mails = mailsOf(ORDINARY);
  const good = mails.flatMap(({ is }) => ('platform' in is ? [is] : []));
  const spam = mails.flatMap(({ is }) => ('spam' in is ? [is] : []));

  test('is the same for the same seed, and another one for another', () => {
    const senders = (seed: number) => mailsOf({ ...ORDINARY, days: 1, seed }).map(({ sender }) => sender);
    expect(senders(1)).toEqual(senders(1));
    expect(senders(2)).not.toEqual(senders(1));
  });

  test('has the shares that it names', () => {
    const share = <T>(list: readonly T[], is: (one: T) => boolean) => list.filter(is).length / list.length;
    expect(good.length).toBe(12_000);
    const near = (found: number, named: number) => expect(Math.abs(found - named)).toBeLessThan(0.01);
    near(
      share(good, ({ platform }) => platform === 'Microsoft 365'),
      0.24,
    );
    near(
      share(good, ({ isFirst }) => isFirst),
      ORDINARY.firstContacts,
    );
    for (const kind of ['never', 'minute', 'account'] as const)
      near(
        share(spam, (one) => one.spam === kind),
        ORDINARY.spam[kind],
      );
  });

  test('differs in good mail alone if spam stays as it is, and the other way round', () => {
    const goodSenders = (world: World) =>
      mailsOf(world).flatMap(({ is, sender }) => ('platform' in is ? [sender] : []));
    const few = { ...ORDINARY, days: 2, spam: { ...ORDINARY.spam, account: 0 } };
    expect(goodSenders({ ...few, bots: 10, botNames: ADVERSE.botNames })).toEqual(goodSenders(few));
  });
});

test('an agenda hands out what is next, at the same time what was added first', () => {
  const agenda = new Agenda<string>();
  for (const [at, what] of [
    [5, 'e'],
    [1, 'a'],
    [3, 'c'],
    [1, 'b'],
    [3, 'd'],
    [9, 'f'],
  ] as const)
    agenda.add(at, what);
  const order = [];
  for (let next = agenda.next(); next !== undefined; next = agenda.next()) order.push(next.what);
  expect(order.join('')).toBe('abcdef');
});
