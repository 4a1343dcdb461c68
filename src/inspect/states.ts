/**
 * States of a record by the greylisting rule now, as greyctl names them:
 *
 *   triplet   waiting: its mail is deferred, or would pass now for the first time
 *             passed: its mail passes
 *   client    counted: some of its mail was retried successfully
 *             auto-whitelisted: enough was, and all its mail passes
 *   all       expired: counts as absent, and is deleted within a day
 *
 * and those of what a profile keeps: pools as triplets, farms as clients;
 *
 *   correspondent   known: an answer passes
 *   window          open: mail passes
 */
import type { GreylistRules } from '../greylist/decision.ts';
import type { Subject } from '../greylist/keys.ts';
import {
  type ClientRecord,
  hasGivenUp,
  hasPassed,
  isExpired,
  type TripletRecord,
} from '../greylist/records.ts';
import type { UnixSeconds } from '../time/clock.ts';
import type { Style } from './format/terminal.ts';

export const STATES = [
  'waiting',
  'passed',
  'counted',
  'auto-whitelisted',
  'known',
  'open',
  'expired',
] as const;

export type State = (typeof STATES)[number];

export const STATE_STYLES: Readonly<Record<State, Style>> = {
  waiting: 'yellow',
  passed: 'green',
  counted: 'dim',
  'auto-whitelisted': 'cyan',
  known: 'green',
  open: 'green',
  expired: 'dim',
};

/**
 * @param now Unix seconds
 * @param subject what the record is about; a farm counts as long as it is not compared with the waits that it began
 */
export function stateOf(
  record: TripletRecord | ClientRecord,
  rules: GreylistRules,
  now: UnixSeconds,
  subject: Subject = 'count' in record ? 'client' : 'triplet',
): State {
  if (subject === 'window') return record.last >= now ? 'open' : 'expired';
  if (isExpired(record, rules, now)) return 'expired';
  if (subject === 'correspondent') return 'known';
  if ('count' in record)
    return subject === 'client' && isEnough(record, rules) ? 'auto-whitelisted' : 'counted';
  if (hasPassed(record, rules)) return 'passed';
  return hasGivenUp(record, rules, now) ? 'expired' : 'waiting';
}

function isEnough({ count }: ClientRecord, { autoWhitelistAfter }: GreylistRules): boolean {
  return autoWhitelistAfter > 0 && count >= autoWhitelistAfter;
}
