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
import { type Figures, figuresOf } from './figures.ts';
import { play } from './play.ts';
import { RULE_NAMES, RULES, type RuleName } from './rules/all.ts';
import { figuresTable } from './table.ts';
import { mailsOf } from './traffic.ts';
import { ADVERSE, ORDINARY } from './world.ts';

const WORLDS = { ordinary: ORDINARY, adverse: ADVERSE };

const { values: options } = parseArgs({
  options: {
    world: { type: 'string', default: 'ordinary' },
    seed: { type: 'string', default: '1' },
    sensitivity: { type: 'boolean', default: false },
  },
});

const chosen = Object.entries(WORLDS).find(([name]) => name === options.world)?.[1];
const seed = Number(options.seed);
if (chosen === undefined || !Number.isInteger(seed)) {
  console.error(
    `usage: npm run simulate -- [--world=${Object.keys(WORLDS).join('|')}] [--seed=N] [--sensitivity]`,
  );
  process.exit(2);
}

const world = { ...chosen, seed };
const figures = new Map<RuleName, Figures>();
for (const name of RULE_NAMES) {
  const outcomes = await play(mailsOf(world), await RULES[name](), seed);
  figures.set(name, figuresOf(outcomes, world));
}
const [first] = figures.values();
if (first !== undefined) console.log(`${worldInWords(world, first)}\n`);
console.log(`${figuresTable(figures)}\n\n${assumptionsOf(world)}`);
