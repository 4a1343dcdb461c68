/**
 * Every decision there is: the actions, and the reasons of each. Counters take no others, so that metrics can show
 * all of them from the start, with a count of 0: a rate needs an earlier value. No label comes from a request.
 */
import type { DecisionTotal } from './counters.ts';

/** The action for mail that would have been deferred without --dry-run. */
export const DRY_RUN = 'greylist (dry run)';

/** The action for mail that passes because of a fault, in the request or on our side. */
export const FAIL_OPEN = 'fail open';

/** The action for a mail of our own to somebody elsewhere, which is never greylisted. */
export const OUTGOING = 'outgoing';

const GREYLIST = ['new', 'early-retry'] as const;

const REASONS = {
  greylist: GREYLIST,
  [DRY_RUN]: GREYLIST,
  pass: [
    'triplet found',
    'client AWL',
    'client whitelist',
    'recipient whitelist',
    'sender whitelist',
    'recipient policy',
    'authenticated',
    'expected',
    'correspondent',
    'farm AWL',
    'named host',
    'over --max-triplets',
    'over --max-new-per-client',
  ],
  [OUTGOING]: ['recorded', 'known', 'not authenticated'],
  [FAIL_OPEN]: ['bad request', 'internal error', 'store failure'],
} as const;

export type Action = keyof typeof REASONS;

export type ReasonFor<Of extends Action> = (typeof REASONS)[Of][number];

/** Shown with a 0: all but those of --dry-run, which most hosts never use. */
const ALWAYS_SHOWN = ['greylist', 'pass', FAIL_OPEN] as const;

/** Returns the counts, followed by a 0 for every other decision. */
export function withZeros(totals: readonly DecisionTotal[]): DecisionTotal[] {
  const isThere = (action: Action, reason: string) =>
    totals.some((total) => total.action === action && total.reason === reason);
  const missing = ALWAYS_SHOWN.flatMap((action) =>
    REASONS[action]
      .filter((reason) => !isThere(action, reason))
      .map((reason) => ({ action, reason, count: 0 })),
  );
  return [...totals, ...missing];
}
