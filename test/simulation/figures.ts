/**
 * Figures of what became of the mail of a world.
 *
 * First mail is the first one of a person or customer to a recipient. Delays are those of all first mail, delayed or not:
 * the median, and what 90 % and 99 % of it did not exceed. Codes are the first mail of services, whatever they hold: somebody
 * has just signed up there and waits. Mail that begins in the first days is not counted.
 */
import { DAY, HOUR, MINUTE } from '../../src/time/units.ts';
import type { Outcome } from './play.ts';
import type { SpamKind } from './spam.ts';
import { BEGIN } from './traffic.ts';
import type { World } from './world.ts';

export interface Figures {
  readonly mails: Readonly<Record<'first' | 'codes' | 'good' | 'spam', number>>;
  /** Shares of first mail, from 0 to 1. */
  readonly firstDelayed: number;
  readonly overAnHour: number;
  readonly neverDelivered: number;
  /** Seconds of first mail; infinite: given up. */
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  /** Among what arrived. */
  readonly longest: number;
  /** Shares of codes that arrive within 10 minutes. */
  readonly codesInTime: number;
  /** Shares of all good mail. */
  readonly allDelayed: number;
  /** Shares of spam that passes. */
  readonly spamPassed: Readonly<Record<SpamKind, number>>;
}

const CODE_IS_VALID = 10 * MINUTE;

export function figuresOf(outcomes: readonly Outcome[], { warmUpDays }: World): Figures {
  const counted = outcomes.filter(({ mail }) => mail.at >= BEGIN + warmUpDays * DAY);
  const good = counted.flatMap(({ mail, delay }) => ('platform' in mail.is ? [{ ...mail.is, delay }] : []));
  const first = good.filter(({ isFirst }) => isFirst);
  const codes = first.filter(({ sends }) => sends === 'service');
  const delays = first.map(({ delay = Number.POSITIVE_INFINITY }) => delay).sort((a, b) => a - b);
  const spamPassed = (kind: SpamKind) => {
    const ofKind = counted.filter(({ mail }) => 'spam' in mail.is && mail.is.spam === kind);
    return share(ofKind, ({ delay }) => delay !== undefined);
  };
  return {
    mails: {
      first: first.length,
      codes: codes.length,
      good: good.length,
      spam: counted.length - good.length,
    },
    firstDelayed: share(first, ({ delay }) => delay !== 0),
    overAnHour: share(first, ({ delay }) => delay === undefined || delay > HOUR),
    neverDelivered: share(first, ({ delay }) => delay === undefined),
    median: quantile(delays, 0.5),
    p90: quantile(delays, 0.9),
    p99: quantile(delays, 0.99),
    longest: delays.findLast(Number.isFinite) ?? 0,
    codesInTime: share(codes, ({ delay }) => delay !== undefined && delay <= CODE_IS_VALID),
    allDelayed: share(good, ({ delay }) => delay !== 0),
    spamPassed: {
      ...{ never: spamPassed('never'), minute: spamPassed('minute'), patient: spamPassed('patient') },
      ...{ snowshoe: spamPassed('snowshoe'), host: spamPassed('host'), account: spamPassed('account') },
    },
  };
}

function share<T>(list: readonly T[], is: (one: T) => boolean): number {
  return list.length === 0 ? 0 : list.filter(is).length / list.length;
}

/** @param sorted ascending */
function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}
