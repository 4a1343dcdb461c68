/**
 * States of a record by the greylisting rule now, as greyctl names them:
 *
 *   triplet   waiting: its mail is deferred, or would pass now for the first time
 *             passed: its mail passes
 *   client    counted: some of its mail was retried successfully
 *             auto-whitelisted: enough was, and all its mail passes
 *   either    expired: counts as absent, and is deleted within a day
 */
import type { GreylistRules } from '../greylist/decision.ts';
import {
  type ClientRecord,
  hasGivenUp,
  hasPassed,
  isExpired,
  type TripletRecord,
} from '../greylist/records.ts';
import type { UnixSeconds } from '../time/clock.ts';
import type { Style } from './format/terminal.ts';

export const STATES = ['waiting', 'passed', 'counted', 'auto-whitelisted', 'expired'] as const;

export type State = (typeof STATES)[number];

export const STATE_STYLES: Readonly<Record<State, Style>> = {
  waiting: 'yellow',
  passed: 'green',
  counted: 'dim',
  'auto-whitelisted': 'cyan',
  expired: 'dim',
};

/** @param now Unix seconds */
export function stateOf(record: TripletRecord | ClientRecord, rules: GreylistRules, now: UnixSeconds): State {
  if (isExpired(record, rules, now)) return 'expired';
  if ('count' in record) return isEnough(record, rules) ? 'auto-whitelisted' : 'counted';
  if (hasPassed(record, rules)) return 'passed';
  return hasGivenUp(record, rules, now) ? 'expired' : 'waiting';
}

function isEnough({ count }: ClientRecord, { autoWhitelistAfter }: GreylistRules): boolean {
  return autoWhitelistAfter > 0 && count >= autoWhitelistAfter;
}
