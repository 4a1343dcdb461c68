/**
 * Decision history: decisions per hour and day, the waits of mail, and how many new triplets were never retried.
 */
import type { UnixSeconds } from '../time/clock.ts';
import { localTimeOf, secondsOfLocal } from '../time/local-time.ts';
import type { DecisionCount } from './counters.ts';
import { DRY_RUN, OUTGOING } from './reasons.ts';

/** An hour, or a day. */
export interface Period {
  /** Unix seconds. */
  readonly begin: number;
  /** Number of decisions by `action (reason)`. */
  readonly decisions: ReadonlyMap<string, number>;
  readonly greylisted: number;
  readonly passed: number;
}

/** Returns hours, the latest last, with those in which nothing was decided. */
export function hoursOf(counts: readonly DecisionCount[], now: UnixSeconds, hours: number): Period[] {
  const { minute, second } = localTimeOf(now);
  const last = now - minute * 60 - second;
  const begins = Array.from({ length: hours }, (_, index) => last - (hours - 1 - index) * 3600);
  const sums = sumsOf(counts);
  return begins.map((begin) => periodOf(sums, begin, begin + 3600));
}

/** Returns days in local time, the latest last. */
export function daysOf(counts: readonly DecisionCount[], now: UnixSeconds, days: number): Period[] {
  const { year, month, day } = localTimeOf(now);
  // A day has 23 or 25 hours where the clock is changed.
  const midnight = (ago: number) => secondsOfLocal(year, month, day - ago, 0);
  const sums = sumsOf(counts);
  return Array.from({ length: days }, (_, index) =>
    periodOf(sums, midnight(days - 1 - index), midnight(days - 2 - index)),
  );
}

type HourSum = Pick<DecisionCount, 'hour' | 'action' | 'reason' | 'count'>;

/** Adds up counts that differ only in the wait: each period walks over all, and there are a hundred times fewer sums. */
function sumsOf(counts: readonly DecisionCount[]): readonly HourSum[] {
  const sums = new Map<string, { -readonly [Name in keyof HourSum]: HourSum[Name] }>();
  for (const { hour, action, reason, count } of counts) {
    const name = `${hour} ${action} ${reason}`;
    const sum = sums.get(name);
    if (sum === undefined) sums.set(name, { hour, action, reason, count });
    else sum.count += count;
  }
  return [...sums.values()];
}

function periodOf(counts: readonly HourSum[], begin: number, end: number): Period {
  const decisions = new Map<string, number>();
  let [greylisted, passed] = [0, 0];
  for (const { hour, action, reason, count } of counts) {
    // In zones with a half hour an hour belongs to the period in which it begins.
    if (hour < begin || hour >= end) continue;
    const name = `${action} (${reason})`;
    decisions.set(name, (decisions.get(name) ?? 0) + count);
    if (isGreylisted(action)) greylisted += count;
    else if (action !== OUTGOING) passed += count;
  }
  return { begin, decisions, greylisted, passed };
}

/** Waits of mail that passed for the first time, in seconds. */
export interface Waits {
  readonly mails: number;
  readonly median: number;
  readonly ninety: number;
  readonly worst: number;
}

/** @returns undefined if no mail has waited and passed */
export function waitsOf(counts: readonly DecisionCount[]): Waits | undefined {
  const waits = counts.filter(({ waited }) => waited > 0).sort((a, b) => a.waited - b.waited);
  const mails = waits.reduce((sum, { count }) => sum + count, 0);
  const within = (part: number) => {
    let left = Math.ceil(mails * part);
    for (const { waited, count } of waits) {
      left -= count;
      if (left <= 0) return waited;
    }
    return 0;
  };
  return mails === 0
    ? undefined
    : { mails, median: within(0.5), ninety: within(0.9), worst: waits.at(-1)?.waited ?? 0 };
}

/** The fate of new triplets. */
export interface Newcomers {
  readonly seen: number;
  readonly passed: number;
  readonly waiting: number;
  /** Never retried; or retried after the client was auto-whitelisted, where the triplet does not count. */
  readonly neverCame: number;
}

/** @param waiting number of triplets that are waiting now */
export function newcomersOf(counts: readonly DecisionCount[], waiting: number): Newcomers {
  const sum = (isMeant: (count: DecisionCount) => boolean) =>
    counts.filter(isMeant).reduce((total, { count }) => total + count, 0);
  // With --dry-run mail need not be retried.
  const seen = sum(({ action, reason }) => action === 'greylist' && reason === 'new');
  const passed = Math.min(
    seen,
    sum(({ waited }) => waited > 0),
  );
  const stillWaiting = Math.min(waiting, seen - passed);
  return { seen, passed, waiting: stillWaiting, neverCame: seen - passed - stillWaiting };
}

function isGreylisted(action: string): boolean {
  return action === 'greylist' || action === DRY_RUN;
}
