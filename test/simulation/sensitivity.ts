/**
 * The figures of greyd's rules in worlds that differ from one in a single assumption each: which of them the outcome rests
 * on, and which could be anything.
 */
import type { Figures } from './figures.ts';
import type { Platform } from './platforms.ts';
import type { RuleName } from './rules/all.ts';
import { figuresIn } from './run.ts';
import { duration, percent, tableLine } from './table.ts';
import { ADVERSE, type World } from './world.ts';

const OWN_RULES: readonly RuleName[] = ['postgrey', 'greyd', 'smart', 'suspects'];

const FIGURES: readonly (readonly [title: string, cell: (figures: Figures) => string])[] = [
  ['First mail delayed', ({ firstDelayed }) => percent(firstDelayed)],
  ['99 % of first mail within', ({ p99 }) => duration(p99)],
  ['Codes within 10 minutes', ({ codesInTime }) => percent(codesInTime)],
  ['Spam passed of bots that never retry', ({ spamPassed }) => percent(spamPassed.never)],
];

function variantsOf({
  seed,
  recipients,
  goodPerDay,
  platforms,
}: World): [name: string, change: Partial<World>][] {
  const site = (factor: number) => ({ recipients: recipients * factor, goodPerDay: goodPerDay * factor });
  return [
    ['as it is', {}],
    ['seed + 1', { seed: seed + 1 }],
    ['seed + 2', { seed: seed + 2 }],
    ['seed + 3', { seed: seed + 3 }],
    ['pools: half the networks', { poolScale: 0.5 }],
    ['  twice', { poolScale: 2 }],
    ['  four times', { poolScale: 4 }],
    ['confirmed in pools: all', { confirmedPool: 1 }],
    ['  90 %', { confirmedPool: 0.9 }],
    ['  70 %', { confirmedPool: 0.7 }],
    ['single hosts: twice', { platforms: platforms.map(twiceIfSingle) }],
    ['  confirmed: 70 %', { confirmedSingle: 0.7 }],
    ['bot names: adverse', { botNames: ADVERSE.botNames }],
    ['  half as mail hosts', { botNames: { none: 0.2, line: 0.1, plain: 0.2, mail: 0.5 } }],
    ['campaigns: 80 % of bots', { campaigns: 0.8 }],
    ['site: a tenth', site(0.1)],
    ['  five times', site(5)],
    ['all first mail is of new', { newOrganizations: 1 }],
    ['nobody answers', { answers: 0 }],
  ];
}

/** A platform without a pool has single hosts. */
function twiceIfSingle(platform: Platform): Platform {
  return platform.pool === undefined ? { ...platform, share: 2 * platform.share } : platform;
}

/** @param tell is given a line of progress before each world */
export async function sensitivityOf(world: World, tell: (text: string) => void): Promise<string> {
  const rows: (readonly [name: string, figures: readonly Figures[]])[] = [];
  for (const [name, change] of variantsOf(world)) {
    tell(name.trim());
    const figures: Figures[] = [];
    for (const rule of OWN_RULES) figures.push(await figuresIn({ ...world, ...change }, rule));
    rows.push([name, figures]);
  }
  return FIGURES.map(([title, cell]) =>
    [
      title,
      tableLine('', OWN_RULES),
      ...rows.map(([name, figures]) => tableLine(name, figures.map(cell))),
    ].join('\n'),
  ).join('\n\n');
}
