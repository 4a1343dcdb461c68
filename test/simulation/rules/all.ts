/**
 * The rules that are compared, by the names that the table has for them.
 */
import type { Rule } from '../rule.ts';
import { GreydRule } from './greyd.ts';
import { HarakaModel } from './haraka.ts';
import { RspamdModel } from './rspamd.ts';
import { SpfgreylistModel } from './spfgreylist.ts';
import { SqlgreyModel } from './sqlgrey.ts';

/** From the root of the tree, where npm runs its scripts. */
export const OUR_LIST = 'etc/greyd/whitelist_clients';

export const RULES = {
  /** greyd's default answers are postgrey's. */
  postgrey: () => GreydRule.open('postgrey', []),
  /** With its list of clients. */
  greyd: () => GreydRule.open('postgrey', [OUR_LIST]),
  smart: () => GreydRule.open('smart', [OUR_LIST]),
  suspects: () => GreydRule.open('suspects', [OUR_LIST]),
  sqlgrey: () => new SqlgreyModel(),
  rspamd: () => new RspamdModel(),
  Haraka: () => new HarakaModel(),
  spfgrey: () => new SpfgreylistModel(),
} satisfies Record<string, () => Rule | Promise<Rule>>;

export type RuleName = keyof typeof RULES;

export const RULE_NAMES = Object.keys(RULES) as RuleName[];
