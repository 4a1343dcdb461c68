/**
 * The rules that are compared, by the names that the table has for them.
 */
import type { Rule } from '../rule.ts';
import { GreydRule } from './greyd.ts';

/** From the root of the tree, where npm runs its scripts. */
const OUR_LIST = 'etc/greyd/whitelist_clients';

export const RULES = {
  /** greyd's default answers are postgrey's. */
  postgrey: () => GreydRule.open([]),
  /** With its list of clients. */
  greyd: () => GreydRule.open([OUR_LIST]),
} satisfies Record<string, () => Rule | Promise<Rule>>;

export type RuleName = keyof typeof RULES;

export const RULE_NAMES = Object.keys(RULES) as RuleName[];
