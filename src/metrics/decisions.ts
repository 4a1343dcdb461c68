/**
 * All possible decisions. Metrics show each from the start, with a count of 0, because a rate needs an
 * earlier value. No label comes from a request.
 */
import type { AutoWhitelistVerdict, GreylistVerdict, PassVerdict } from '../greylist/decision.ts';
import type { LimitVerdict } from '../greylist/limits.ts';
import type { DecisionTotal } from './counters.ts';

type Reasons<Reason extends string> = Readonly<Record<Reason, 0>>;

const GREYLIST: Reasons<GreylistVerdict['reason']> = { new: 0, 'early-retry': 0 };

const PASS: Reasons<
  (PassVerdict | AutoWhitelistVerdict | LimitVerdict)['reason'] | 'client whitelist' | 'recipient whitelist'
> = {
  'triplet found': 0,
  'client AWL': 0,
  'client whitelist': 0,
  'recipient whitelist': 0,
  'over --max-triplets': 0,
  'over --max-new-per-client': 0,
};

const LET_THROUGH: Reasons<'bad request' | 'internal error' | 'store failure'> = {
  'bad request': 0,
  'internal error': 0,
  'store failure': 0,
};

const NONE_YET: readonly DecisionTotal[] = [
  ['greylist', GREYLIST] as const,
  ['pass', PASS] as const,
  ['let through', LET_THROUGH] as const,
].flatMap(([action, reasons]) => Object.keys(reasons).map((reason) => ({ action, reason, count: 0 })));

/** Returns the counts, followed by a 0 for every other decision. */
export function withZeros(totals: readonly DecisionTotal[]): DecisionTotal[] {
  const isThere = ({ action, reason }: DecisionTotal) =>
    totals.some((total) => total.action === action && total.reason === reason);
  return [...totals, ...NONE_YET.filter((total) => !isThere(total))];
}
