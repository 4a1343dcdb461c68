/**
 * Prints the decisions of hours or days:
 *
 *   terminal   a line for each, with a bar: greylisted (░), then passed (█)
 *   elsewhere  "hour" | "day" TAB its beginning TAB action (reason) TAB count
 */
import type { Period } from '../decisions/history.ts';
import { type Column, printTable } from '../inspect/format/table.ts';
import type { Paint } from '../inspect/format/terminal.ts';
import { shortTime, utc } from '../inspect/format/times.ts';
import { bar } from './bar.ts';
import type { Work } from './command.ts';

/** Characters of a line before its bar. */
const NUMBERS_WIDTH = 44;
const MIN_BAR = 10;

export async function printPeriods(
  unit: 'hour' | 'day',
  periods: readonly Period[],
  work: Work,
): Promise<void> {
  if (periods.length === 0) return;
  if (work.terminal === undefined || work.isJson) return printPlain(unit, periods, work);
  const max = Math.max(...periods.map(({ greylisted, passed }) => greylisted + passed));
  const width = Math.max(MIN_BAR, work.terminal.width - NUMBERS_WIDTH);
  const columns: Column<Period>[] = [
    { heading: unit, text: ({ begin }) => beginOf(unit, begin) },
    { heading: 'greylisted', text: ({ greylisted }) => String(greylisted), isNumber: true },
    { heading: 'passed', text: ({ passed }) => String(passed), isNumber: true },
    { heading: '', text: () => '', draw: (period, paint) => bars(period, max, width, paint) },
  ];
  await printTable([periods], { columns, toObject: (period) => period }, work);
  work.output.write('\n');
}

async function printPlain(unit: string, periods: readonly Period[], work: Work): Promise<void> {
  for (const { begin, decisions } of periods) {
    if (work.isJson) work.print({ [unit]: utc(begin), decisions: Object.fromEntries(decisions) }, '');
    else for (const [name, count] of decisions) work.print({}, [unit, utc(begin), name, count].join('\t'));
  }
}

/** `2026-11-26`, `2026-11-26 07:00`. */
function beginOf(unit: 'hour' | 'day', seconds: number): string {
  return shortTime(seconds).slice(0, unit === 'hour' ? 16 : 10);
}

function bars({ greylisted, passed }: Period, max: number, width: number, paint: Paint): string {
  return paint('yellow', bar(greylisted, max, width, '░')) + paint('green', bar(passed, max, width, '█'));
}
