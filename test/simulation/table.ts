/**
 * Figures as text: a column for each rule, a row for each figure, at most 100 characters wide.
 */
import { HOUR, MINUTE } from '../../src/time/units.ts';
import type { Figures } from './figures.ts';

const LABEL = 27;
const COLUMN = 9;

/** Rows of the table; undefined: an empty line. */
const ROWS: readonly (readonly [label: string, cell: (figures: Figures) => string] | undefined)[] = [
  ['first mail delayed', ({ firstDelayed }) => percent(firstDelayed)],
  ['  median', ({ median }) => duration(median)],
  ['  90 % within', ({ p90 }) => duration(p90)],
  ['  99 % within', ({ p99 }) => duration(p99)],
  ['  longest', ({ longest }) => duration(longest)],
  ['  over an hour', ({ overAnHour }) => percent(overAnHour)],
  ['  never delivered', ({ neverDelivered }) => percent(neverDelivered)],
  ['codes within 10 minutes', ({ codesInTime }) => percent(codesInTime)],
  ['all good mail delayed', ({ allDelayed }) => percent(allDelayed)],
  undefined,
  ['spam passed: never retries', ({ spamPassed }) => percent(spamPassed.never)],
  ['  retries within a minute', ({ spamPassed }) => percent(spamPassed.minute)],
  ['  from 5 to 10 minutes on', ({ spamPassed }) => percent(spamPassed.patient)],
  ['  snowshoe, own names', ({ spamPassed }) => percent(spamPassed.snowshoe)],
  ['  compromised hosts', ({ spamPassed }) => percent(spamPassed.host)],
  ['  compromised accounts', ({ spamPassed }) => percent(spamPassed.account)],
];

export function figuresTable(figures: ReadonlyMap<string, Figures>): string {
  const lines = ROWS.map((row) =>
    row === undefined ? '' : tableLine(row[0], [...figures.values()].map(row[1])),
  );
  return [tableLine('', [...figures.keys()]), ...lines].join('\n');
}

export function tableLine(label: string, cells: readonly string[]): string {
  return (label.padEnd(LABEL) + cells.map((cell) => cell.padStart(COLUMN)).join('')).trimEnd();
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'never';
  if (seconds < 100 * MINUTE) return `${Math.round(seconds / MINUTE)} min`;
  return `${(seconds / HOUR).toFixed(1)} h`;
}
