/**
 * What becomes of real names of clients, by the shipped words: test/address/client-names.tsv. No word was chosen by these
 * names, and none is to be: a bound that breaks says that a change of rule or words is worth less than it seemed.
 *
 * Called without a sender, so plain names of two octets are suspects here. GREYD_CLIENT_NAMES=1 prints the names of good
 * mail that are suspects, and those of spam that have a farm.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { originOf } from '../../src/greylist/origin.ts';
import { factsOf } from '../support/name-words.ts';

const PERIODS = ['good since 2012', 'good before 2012', 'spam since 2012', 'spam before 2012'] as const;
const KINDS = ['suspect', 'plain', 'farm'] as const;

interface Judged {
  readonly period: string;
  readonly kind: (typeof KINDS)[number];
  readonly name: string;
}

const NAMES = readFileSync('test/address/client-names.tsv', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line): Judged => {
    const [label = '', year = '', name = '', address = ''] = line.split('\t');
    const { isSuspect, farm } = originOf(factsOf(name, address === '-' ? undefined : address), '');
    const period = `${label} ${Number(year) < 2012 ? 'before' : 'since'} 2012`;
    return { period, kind: isSuspect ? 'suspect' : farm === undefined ? 'plain' : 'farm', name };
  });

/** Returns what percentage of the names of a period are of a kind. */
function share(period: (typeof PERIODS)[number], kind: (typeof KINDS)[number]): number {
  const names = NAMES.filter((name) => name.period === period);
  return (100 * names.filter((name) => name.kind === kind).length) / names.length;
}

test('shares of suspects, plain names and farms', () => {
  const table = Object.fromEntries(
    PERIODS.map((period) => [
      period,
      {
        ...Object.fromEntries(KINDS.map((kind) => [`${kind} %`, Number(share(period, kind).toFixed(1))])),
        names: NAMES.filter((name) => name.period === period).length,
      },
    ]),
  );
  console.table(table);
  expect(NAMES.length).toBe(2000);

  // Beside each bound stands what was measured on these names.
  expect(share('good since 2012', 'suspect')).toBeLessThan(3); // 1.8
  expect(share('good since 2012', 'farm')).toBeGreaterThan(60); // 65.0
  expect(share('spam before 2012', 'suspect')).toBeGreaterThan(73); // 77.3
  expect(share('spam before 2012', 'farm')).toBeLessThan(8); // 6.6
  expect(share('spam since 2012', 'suspect')).toBeGreaterThan(18); // 21.4
  expect(share('spam since 2012', 'farm')).toBeLessThan(37); // 33.2
});

test('names as of lines, by patterns of their own, have no farm', () => {
  const line =
    /(?:^|[^a-z])(?:[asv]?dsl|dyn(?:amic)?|ppp|dial(?:up|in)?|dhcp|cable|catv|pool|cust|cpe|ftth)(?:[^a-z]|$)/;
  const fourNumbers = /\d+\D\d+\D\d+\D\d+/;
  const old = NAMES.filter(({ period }) => period === 'spam before 2012');
  const lines = old.filter(({ name }) => line.test(name) || fourNumbers.test(name));
  expect(lines.length).toBeGreaterThan(500); // 554
  expect(lines.filter(({ kind }) => kind === 'farm')).toEqual([]);
  expect(lines.filter(({ kind }) => kind === 'suspect').length / lines.length).toBeGreaterThan(0.99); // 1
});

test.runIf(process.env.GREYD_CLIENT_NAMES)('prints what is misclassified', () => {
  const wrong = NAMES.filter(
    ({ period, kind }) =>
      (period.startsWith('good') && kind === 'suspect') || (period.startsWith('spam') && kind === 'farm'),
  );
  console.log(wrong.map(({ period, kind, name }) => `${period}\t${kind}\t${name}`).join('\n'));
  expect(wrong.length).toBeGreaterThan(0);
});
