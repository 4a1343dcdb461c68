/**
 * Prints the selected records for greyctl list and greyctl search, in the order of the store, or in another one;
 * ordering walks over all records, and keeps no more than --limit of them.
 */
import type { PlainKey } from '../greylist/keys.ts';
import { counted } from '../inspect/format/counted.ts';
import { printTable } from '../inspect/format/table.ts';
import { LISTS, type ListedRow, type ListName, rowsOf } from '../inspect/lists.ts';
import { STATES } from '../inspect/states.ts';
import { type OptionEntry, UsageError } from '../options/command-line.ts';
import type { GivenOf } from '../options/given.ts';
import { LOOKUP_OPTIONS, RULES_OPTIONS } from '../options/of-daemon.ts';
import { rulesOf } from '../options/shared.ts';
import { oneOf, wholeNumber } from '../options/values.ts';
import type { Entry, ReadableStore } from '../store/store.ts';
import { DAY } from '../time/units.ts';
import type { ExitStatus, Work } from './command.ts';
import { Ranking } from './ranking.ts';
import { RECORDS_OPTIONS, requireReadableKeys, withRecords } from './records.ts';
import type { IsSelected } from './selection.ts';

/** The default of --limit with --order. */
const DEFAULT_ORDERED = 1000;
/** Records that --order keeps in memory at most. */
const MAX_ORDERED = 10_000;
/** Ordered records that become text at a time. */
const PRINTED = 1000;

export const LISTING_OPTIONS = [
  {
    flags: '--state <STATE>',
    help: `only records in this state: ${STATES.join(', ')}; may be repeated`,
    repeatable: true,
    parse: oneOf(STATES),
  },
  {
    flags: '--older <AGE>',
    help: 'only records last seen longer ago than this, as 90s, 30m, 12h, 7d',
    parse: age,
  },
  { flags: '--newer <AGE>', help: 'only records last seen more recently than this', parse: age },
  {
    flags: '--order <ORDER>',
    help: 'newest or oldest: by the time last seen; count: by the successful retries of a client',
    defaultText: 'that of the database',
    parse: oneOf(['newest', 'oldest', 'count']),
  },
  {
    flags: '--limit <N>',
    help: `print at most N records; with --order up to ${MAX_ORDERED}`,
    defaultText: `all, with --order ${DEFAULT_ORDERED}`,
    parse: (text) => Math.max(1, wholeNumber(text, 'a whole number of records')),
  },
  ...RECORDS_OPTIONS,
  ...RULES_OPTIONS,
  ...LOOKUP_OPTIONS,
] as const satisfies readonly OptionEntry[];

export type GivenListing = GivenOf<typeof LISTING_OPTIONS>;

/**
 * Prints the records of these lists that are selected.
 * @returns 1 if there are none
 */
export async function printRecords(
  lists: readonly ListName[],
  isSelected: IsSelected,
  given: GivenListing,
  work: Work,
): Promise<ExitStatus> {
  if (given.order !== undefined && (given.limit ?? 0) > MAX_ORDERED)
    throw new UsageError(`--limit=${given.limit}: write at most ${MAX_ORDERED} with --order`);
  return withRecords(given, work, async (store) => {
    requireReadableKeys(store);
    let left = given.limit ?? (given.order === undefined ? Number.POSITIVE_INFINITY : DEFAULT_ORDERED);
    let count = 0;
    for (const list of lists) {
      const wanted = wantedRows(store, list, isSelected, given, left, work);
      const rows = count > 0 && !work.isJson && work.terminal !== undefined ? apart(wanted, work) : wanted;
      const printed = await printTable(rows, LISTS[list].form(work.terminal !== undefined), work);
      count += printed;
      left -= printed;
    }
    if (count === 0) work.tell('no such records');
    return count > 0 ? 0 : 1;
  });
}

/** Puts an empty line before the rows, if there are any. */
async function* apart(
  slices: AsyncIterable<readonly ListedRow[]>,
  { output }: Work,
): AsyncGenerator<readonly ListedRow[], void> {
  let isFirst = true;
  for await (const rows of slices) {
    if (isFirst && rows.length > 0) {
      output.write('\n');
      isFirst = false;
    }
    yield rows;
  }
}

async function* wantedRows(
  store: ReadableStore,
  list: ListName,
  isSelected: IsSelected,
  given: GivenListing,
  limit: number,
  { now: clock, progress, tell }: Work,
): AsyncGenerator<readonly ListedRow[], void> {
  const now = clock();
  const rules = rulesOf(given);
  // By default no record is left out, not even one that was seen while the clock was ahead.
  const { state: states, older = Number.NEGATIVE_INFINITY, newer = Number.POSITIVE_INFINITY, order } = given;
  const isWanted = ([key, record]: Entry) => {
    const seconds = now - record.last;
    return seconds >= older && seconds <= newer && isSelected(key);
  };
  const ranking = order === undefined ? undefined : new Ranking<ListedRow>(limit);
  let left = limit;
  let walked = 0;
  for await (const entries of store.entries(LISTS[list].kind)) {
    walked += entries.length;
    const listed = await rowsOf(list, entries.filter(isWanted), store, rules, now);
    const rows = listed.filter(({ state }) => states === undefined || states.includes(state));
    for (const row of ranking === undefined ? [] : rows) ranking?.add(row, rankOf(row, order));
    // Progress must not be on the line of a row.
    progress?.(ranking === undefined && rows.length > 0 ? '' : `${walked} records`);
    if (ranking !== undefined) continue;
    yield rows.slice(0, left);
    left -= rows.length;
    if (left <= 0) return;
  }
  progress?.('');
  if (ranking === undefined) return;
  const ranked = ranking.items();
  for (let from = 0; from < ranked.length; from += PRINTED) yield ranked.slice(from, from + PRINTED);
  if (ranking.isCut) tell(`limited to ${counted(limit, 'record')}; for more see --limit`);
}

function rankOf({ record }: ListedRow, order: string | undefined): number {
  if (order === 'oldest') return -record.last;
  return order === 'count' && 'count' in record ? record.count : record.last;
}

const AGE_UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: DAY };

/** @returns seconds */
function age(text: string): number {
  const [, number, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const size = AGE_UNITS[unit];
  if (number === undefined || size === undefined) throw new Error('a number and s, m, h or d, as in 12h');
  return Number(number) * size;
}

/** Selects records in which a text occurs, upper and lower case alike. */
export function containing(text: string): IsSelected {
  const part = text.toLowerCase();
  return (key: PlainKey) =>
    key.kind === 'triplet'
      ? key.sender.includes(part) || key.recipient.includes(part) || key.clientNetwork.includes(part)
      : key.clientAddress.includes(part);
}
