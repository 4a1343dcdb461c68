/**
 * The rules of a greyd without options.
 */
import type { GreylistRules } from '../../src/greylist/decision.ts';

const DAY = 86_400;

export const DEFAULT_RULES: GreylistRules = {
  delay: 300,
  retryWindow: 2 * DAY,
  maxAge: 35 * DAY,
  autoWhitelistAfter: 5,
  namedDelay: 60,
  autoWhitelistFarmsAfter: 3,
};
