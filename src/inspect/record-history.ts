/**
 * Record history: tells in words what the numbers of a record say about the past and the future of its mail.
 */
import type { GreylistRules } from '../greylist/decision.ts';
import type { Subject } from '../greylist/keys.ts';
import { type ClientRecord, hasPassed, lifetimeOf, type TripletRecord } from '../greylist/records.ts';
import type { UnixSeconds } from '../time/clock.ts';
import { counted } from './format/counted.ts';
import type { Line } from './format/lines.ts';
import { duration, moment } from './format/times.ts';
import { stateOf } from './states.ts';

/**
 * @param client the record of its client, which decides first
 * @param now Unix seconds
 */
export function tripletHistory(
  record: TripletRecord,
  client: ClientRecord | undefined,
  rules: GreylistRules,
  now: UnixSeconds,
): Line[] {
  const { first, last } = record;
  const state = stateOf(record, rules, now);
  const end = last + lifetimeOf(record, rules);
  const lines: Line[] = [
    ['first seen', moment(first, now)],
    ['last seen', last === first ? 'same as first seen' : moment(last, now)],
  ];
  if (state === 'expired') lines.push(['state', 'expired: counts as new']);
  else if (first > now)
    lines.push([
      'state',
      'waiting: first seen in the future (was the clock set back?), the delay starts again',
    ]);
  else if (state === 'passed') {
    lines.push(['state', 'passed: mail of this triplet passes']);
    lines.push(['expires', moment(end, now)]);
  } else {
    const from = first + rules.delay;
    const waiting =
      from > now ? `waiting: passes from ${moment(from, now)}` : 'waiting: passes at the next retry';
    lines.push(['state', waiting]);
    lines.push([
      'expires',
      `${moment(Math.min(first + rules.retryWindow, end), now)}, if not retried by then`,
    ]);
  }
  if (!hasPassed(record, rules) && last !== first)
    lines.push(['retried', `too early, ${duration(last - first)} after the first attempt`]);
  if (client !== undefined && stateOf(client, rules, now) === 'auto-whitelisted' && state !== 'passed')
    lines.push(['client', 'auto-whitelisted: all its mail passes']);
  return lines;
}

/**
 * Tells what a record says that only a profile keeps: of a farm, a correspondent or a window.
 * @param now Unix seconds
 */
export function profileHistory(
  subject: Subject,
  { count, last }: ClientRecord,
  rules: GreylistRules,
  now: UnixSeconds,
): Line[] {
  const state = stateOf({ count, last }, rules, now, subject);
  switch (subject) {
    case 'farm':
      return [
        ['mail passed', `for the first time in ${counted(count, 'hour')}, at last ${moment(last, now)}`],
      ];
    case 'opened':
      return [['waits began', `in ${counted(count, 'hour')}, at last ${moment(last, now)}`]];
    case 'correspondent':
      return [
        ['last mail', moment(last, now)],
        ['state', state === 'known' ? 'known: an answer passes' : state],
      ];
    default:
      return [
        ['until', moment(last, now)],
        ['state', state === 'open' ? 'open: mail passes' : state],
      ];
  }
}

/** @param now Unix seconds */
export function clientHistory(record: ClientRecord, rules: GreylistRules, now: UnixSeconds): Line[] {
  const { count, last } = record;
  const state = stateOf(record, rules, now);
  const enough = rules.autoWhitelistAfter;
  const meaning = {
    expired: 'expired: counts as new',
    'auto-whitelisted': 'auto-whitelisted: all its mail passes',
    counted:
      enough === 0
        ? 'counted; auto-whitelisting is off'
        : `counted: auto-whitelisted after ${enough - count} more`,
  };
  return [
    ['retries', `${count} successful, at most one counted per hour`],
    ['last counted', moment(last, now)],
    ['state', meaning[state as keyof typeof meaning]],
    ...(state === 'expired' ? [] : [['expires', moment(last + lifetimeOf(record, rules), now)] as const]),
  ];
}
