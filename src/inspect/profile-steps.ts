/**
 * The steps of a decision that postgrey does not have, in words: what the client's name says, and what is known of
 * its farm, its pool and the people who write to each other.
 */
import { MANY_OCTETS, type NameFacts } from '../address/client-name.ts';
import { awaitsAnswer, type GreylistRules, isTrusted, sharedLifetimes } from '../greylist/decision.ts';
import type { TripletRecord } from '../greylist/records.ts';
import type { UnixSeconds } from '../time/clock.ts';
import type { Line } from './format/lines.ts';
import { duration, moment, utc } from './format/times.ts';
import { shownRecipient, shownSender } from './rows.ts';
import { stateOf } from './states.ts';
import type { TracedVisit } from './trace.ts';

/** Returns the delay of a visit in seconds: the shortest of its waits. */
export function delayOf({ visit: { terms } }: TracedVisit, rules: GreylistRules): number {
  const delay = terms?.delay ?? rules.delay;
  return terms?.pool === undefined ? delay : sharedLifetimes(rules, delay).delay;
}

/** Returns the steps before the waits. @param autoWhitelist that of the client, which comes first */
export function profileLines(visited: TracedVisit, rules: GreylistRules, autoWhitelist: Line): Line[] {
  const { terms, now } = visited.visit;
  if (terms === undefined) return [autoWhitelist, ...windowLines(visited, now)];
  return [
    ['profile', terms.profile],
    ['client name', nameText(visited)],
    autoWhitelist,
    ...windowLines(visited, now),
    ...correspondentLines(visited, rules, now),
    ...farmLines(visited, rules),
  ];
}

/** Returns the shared wait, if there is one. */
export function poolLines({ visit, pool }: TracedVisit, rules: GreylistRules): Line[] {
  const { terms, triplet, now } = visit;
  if (terms?.pool === undefined) return [];
  const name = `${terms.pool} ${shownSender(terms.maskedSender)} -> ${shownRecipient(triplet.recipient)}`;
  if (pool === undefined) return [['shared wait', `${name}: not known`]];
  return [
    ['shared wait', `${name}: ${stateOf(pool, rules, now, 'pool')}`],
    ['began', moment(pool.first, now)],
  ];
}

/** Returns which of two waits decided, where that is not plain. */
export function decidedBy({ visit, triplet, pool, verdict }: TracedVisit, clientName: string): Line[] {
  const { terms, now } = visit;
  if (terms?.pool === undefined || pool === undefined) return [];
  if (verdict.action !== 'greylist' && verdict.reason !== 'triplet found') return [];
  const isOlder = pool.first <= now && (triplet === undefined || triplet.first > pool.first);
  if (!isOlder) return [];
  return [
    [
      'decided by',
      `retried from ${clientName}, another host of ${terms.pool}, which shares the wait; first tried ${duration(now - pool.first)} ago`,
    ],
  ];
}

function nameText({ visit: { terms }, facts }: TracedVisit): string {
  if (terms?.isAlwaysGreylisted === true) return 'always greylisted (--greylist-clients)';
  if (terms?.isSuspect === true) return `a suspect: ${suspicionOf(facts)}`;
  if (terms?.pool === undefined) return 'no suspect; it has no word of a mail host, so it shares no wait';
  const farm = terms.farm === undefined ? '' : `; farm ${terms.farm}`;
  return `of ${terms.pool}, whose hosts share a wait${farm}`;
}

function suspicionOf({ name, domain, isLine, looksRented, octets }: NameFacts): string {
  if (name === undefined) return 'no confirmed host name';
  if (domain === undefined) return 'its name has no registered domain';
  if (isLine) return 'its name is that of a line';
  if (octets >= MANY_OCTETS) return 'its name is made of its address';
  if (looksRented) return 'its name is that of a rented machine';
  return 'its name holds a part of its address, and the sender is of another domain';
}

function windowLines({ window, domainWindow }: TracedVisit, now: UnixSeconds): Line[] {
  const until = Math.max(window?.last ?? 0, domainWindow?.last ?? 0);
  return until >= now ? [['expected', `all mail passes until ${moment(until, now)}`]] : [];
}

function correspondentLines(
  { visit, correspondent }: TracedVisit,
  rules: GreylistRules,
  now: UnixSeconds,
): Line[] {
  const { terms, triplet } = visit;
  if (terms === undefined || terms.isSuspect) return [];
  const who = terms.sender === '' ? 'somebody in the last days' : terms.sender;
  return [
    [
      'correspondent',
      correspondent !== undefined && awaitsAnswer(correspondent, terms, rules, now)
        ? `${shownRecipient(triplet.recipient)} has written to ${who}, ${moment(correspondent.last, now)}`
        : `${shownRecipient(triplet.recipient)} has not written to ${who}, as far as known`,
    ],
  ];
}

function farmLines({ visit: { terms }, farm, opened }: TracedVisit, rules: GreylistRules): Line[] {
  const enough = rules.autoWhitelistFarmsAfter;
  if (terms?.farm === undefined) return [];
  if (enough === 0 || rules.autoWhitelistAfter === 0) return [['farm', 'auto-whitelist of farms: off']];
  const state = isTrusted({ passed: farm, opened }, rules) ? 'auto-whitelisted' : 'not auto-whitelisted';
  return [
    [
      'farm',
      `${state}: mail passed for the first time in ${hours(farm?.count)}, ${enough} needed, and half of those in which waits began, ${hours(opened?.count)}`,
    ],
  ];
}

function hours(count = 0): string {
  return count === 1 ? '1 hour' : `${count} hours`;
}

/** For --json. */
export function profileObject({ visit, pool, farm, opened }: TracedVisit, rules: GreylistRules): object {
  const { terms, now } = visit;
  if (terms === undefined) return {};
  return {
    profile: terms.profile,
    is_suspect: terms.isSuspect,
    pool: terms.pool === undefined ? null : { domain: terms.pool, ...shownPool(pool, rules, now) },
    farm:
      terms.farm === undefined
        ? null
        : {
            name: terms.farm,
            hours_passed: farm?.count ?? 0,
            hours_begun: opened?.count ?? 0,
            is_auto_whitelisted: isTrusted({ passed: farm, opened }, rules),
          },
  };
}

function shownPool(record: TripletRecord | undefined, rules: GreylistRules, now: UnixSeconds): object {
  if (record === undefined) return { state: null };
  return {
    first_seen: utc(record.first),
    last_seen: utc(record.last),
    state: stateOf(record, rules, now, 'pool'),
  };
}
