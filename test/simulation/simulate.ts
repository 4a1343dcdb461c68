/**
 * `npm run simulate`: what greylisting rules do to the same mail of a simulated world, side by side.
 *
 *   npm run simulate                        the ordinary world
 *   npm run simulate -- --world=adverse     bots with better names, fewer pool hosts with a confirmed name
 *   npm run simulate -- --seed=2            other mail of the same kind
 *   npm run simulate -- --sensitivity       greyd's rules in worlds that differ in one assumption each
 *
 * The world is in world.ts, platforms.ts, schedules.ts and spam.ts; the rules are in rules/.
 */
import { parseArgs } from 'node:util';
import { assumptionsOf, worldInWords } from './assumptions.ts';
import type { Figures } from './figures.ts';
import { RULE_NAMES, type RuleName } from './rules/all.ts';
import { figuresIn } from './run.ts';
import { sensitivityOf } from './sensitivity.ts';
import { figuresTable } from './table.ts';
import { ADVERSE, ORDINARY } from './world.ts';

const WORLDS = { ordinary: ORDINARY, adverse: ADVERSE };

const { values: options } = parseArgs({
  options: {
    world: { type: 'string', default: 'ordinary' },
    seed: { type: 'string', default: '1' },
    sensitivity: { type: 'boolean', default: false },
  },
});

const chosen = new Map(Object.entries(WORLDS)).get(options.world);
const seed = Number(options.seed);
if (chosen === undefined) throw new Error(`unknown --world; expected ${Object.keys(WORLDS).join(' or ')}`);
if (!Number.isInteger(seed)) throw new Error('--seed is a whole number');

const world = { ...chosen, seed };
if (options.sensitivity) console.log(await sensitivityOf(world, (text) => console.error(text)));
else {
  const figures = new Map<RuleName, Figures>();
  for (const name of RULE_NAMES) figures.set(name, await figuresIn(world, name));
  const [first] = figures.values();
  if (first !== undefined) console.log(`${worldInWords(world, first)}\n`);
  console.log(figuresTable(figures));
}
console.log(`\n${assumptionsOf(world)}`);
