/**
 * The figures of docs/good-mail.md are what `npm run simulate` prints now.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Figures } from './figures.ts';
import { RULE_NAMES, type RuleName } from './rules/all.ts';
import { figuresIn } from './run.ts';
import { figuresTable, percent } from './table.ts';
import { ADVERSE, ORDINARY } from './world.ts';

const PAGE = readFileSync('docs/good-mail.md', 'utf8');
const [, SECTION = ''] = /^## What it gains\n(.*?)\n## /ms.exec(PAGE) ?? [];

test('the table', async () => {
  const shown = SECTION.split('\n').flatMap((line) => /^ {4}(.*)/.exec(line)?.[1] ?? []);
  const figures = new Map<RuleName, Figures>();
  for (const rule of RULE_NAMES.slice(0, 4)) figures.set(rule, await figuresIn(ORDINARY, rule));
  const lines = figuresTable(figures).split('\n');
  expect(shown.length).toBeGreaterThan(5);
  expect(shown).toEqual(lines.filter((line) => shown.includes(line)));
});

test('the sentence on the adverse world', async () => {
  const text = SECTION.replace(/\s+/g, ' ');
  const { firstDelayed } = await figuresIn(ADVERSE, 'smart');
  expect(text).toContain(`smart delays ${percent(firstDelayed)} of first mail`);
  const { spamPassed } = await figuresIn(ADVERSE, 'suspects');
  expect(text).toContain(`suspects passes ${percent(spamPassed.never)} of the bots that never retry`);
});
