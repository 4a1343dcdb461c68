/**
 * A world, a rule, and the figures that come of them.
 */
import { type Figures, figuresOf } from './figures.ts';
import { play } from './play.ts';
import { RULES, type RuleName } from './rules/all.ts';
import { mailsOf } from './traffic.ts';
import type { World } from './world.ts';

export async function figuresIn(world: World, rule: RuleName): Promise<Figures> {
  return figuresOf(await play(mailsOf(world), await RULES[rule](), world.seed), world);
}
