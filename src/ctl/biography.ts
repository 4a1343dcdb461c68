/**
 * The history of a record in words: what its numbers say about what has happened, and what will.
 */
import type { GreylistRules } from '../greylist/decision.ts';
import { type ClientRecord, hasPassed, lifetimeOf, type TripletRecord } from '../greylist/records.ts';
import type { Line } from './format/lines.ts';
import { duration, moment } from './format/times.ts';
import { stateOf } from './states.ts';

/**
 * @param client the record of its client, which goes before it
 * @param now Unix seconds
 */
export function tripletBiography(
  record: TripletRecord,
  client: ClientRecord | undefined,
  rules: GreylistRules,
  now: number,
): Line[] {
  const { first, last } = record;
  const state = stateOf(record, rules, now);
  const end = last + lifetimeOf(record, rules);
  const lines: Line[] = [
    ['first seen', moment(first, now)],
    ['last seen', last === first ? 'then, and not again' : moment(last, now)],
  ];
  if (state === 'expired') lines.push(['state', 'expired: it counts as new']);
  else if (first > now) lines.push(['state', 'waiting: the clock was set back, so the wait begins anew']);
  else if (state === 'passed') {
    lines.push(['state', 'passed: mail of this triplet is let in']);
    lines.push(['forgotten', moment(end, now)]);
  } else {
    const from = first + rules.delay;
    const waiting =
      from > now ? `waiting: let in from ${moment(from, now)}` : 'waiting: the next attempt is let in';
    lines.push(['state', waiting]);
    lines.push([
      'forgotten',
      `${moment(Math.min(first + rules.retryWindow, end), now)}, if nobody tries until then`,
    ]);
  }
  if (!hasPassed(record, rules) && last !== first)
    lines.push(['tried again', `too early, ${duration(last - first)} after the first attempt`]);
  if (client !== undefined && stateOf(client, rules, now) === 'auto-whitelisted' && state !== 'passed')
    lines.push(['but', 'its client is on the auto-whitelist: all its mail is let in']);
  return lines;
}

/** @param now Unix seconds */
export function clientBiography(record: ClientRecord, rules: GreylistRules, now: number): Line[] {
  const { count, last } = record;
  const state = stateOf(record, rules, now);
  const enough = rules.autoWhitelistAfter;
  const meaning = {
    expired: 'expired: it counts as new',
    'auto-whitelisted': 'auto-whitelisted: all its mail is let in',
    counted:
      enough === 0
        ? 'counted; the auto-whitelist is off'
        : `counted: ${enough - count} more, and all its mail is let in`,
  };
  return [
    ['came back', `${count} ${count === 1 ? 'mail' : 'mails'}, at most one counted in an hour`],
    ['last', moment(last, now)],
    ['state', meaning[state as keyof typeof meaning]],
    ...(state === 'expired' ? [] : [['forgotten', moment(last + lifetimeOf(record, rules), now)] as const]),
  ];
}
