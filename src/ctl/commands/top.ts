/**
 * greyctl top: shows the clients with the most successful retries, and the networks, sender domains and recipients
 * with the most triplets, and how many of these have passed: where none has, it is mostly spam.
 *
 * Without headings the first column names the kind of each line: `network TAB 192.0.2.0 TAB triplets TAB passed`.
 */

import { isPostgreyKey, subjectOf } from '../../greylist/keys.ts';
import { printTable, type TableForm } from '../../inspect/format/table.ts';
import { type ClientRow, clientForm, shownSender } from '../../inspect/rows.ts';
import { stateOf } from '../../inspect/states.ts';
import type { OptionEntry } from '../../options/command-line.ts';
import type { GivenOf } from '../../options/given.ts';
import { RULES_OPTIONS } from '../../options/of-daemon.ts';
import { rulesOf } from '../../options/shared.ts';
import { wholeNumber } from '../../options/values.ts';
import type { ReadableStore } from '../../store/store.ts';
import { makeCommand, type Work } from '../command.ts';
import { Frequencies } from '../frequencies.ts';
import { Ranking } from '../ranking.ts';
import { RECORDS_OPTIONS, requireReadableKeys, withRecords } from '../records.ts';

const DEFAULT_LIMIT = 10;

/** The parts of a triplet by which triplets are counted: the name in the singular, and the part itself. */
const COUNTED = {
  networks: {
    subject: 'triplet',
    heading: 'network',
    of: ({ clientNetwork }: TripletParts) => clientNetwork,
  },
  pools: {
    subject: 'pool',
    heading: 'pool',
    of: ({ clientNetwork }: TripletParts) => clientNetwork.slice(1),
  },
  senders: {
    subject: 'triplet',
    heading: 'sender domain',
    of: ({ sender }: TripletParts) => domainOf(sender),
  },
  recipients: { subject: 'triplet', heading: 'recipient', of: ({ recipient }: TripletParts) => recipient },
} as const;

interface TripletParts {
  readonly clientNetwork: string;
  readonly sender: string;
  readonly recipient: string;
}

type Counted = keyof typeof COUNTED;

const WHAT = ['clients', 'networks', 'pools', 'senders', 'recipients'] as const;

interface CountedRow {
  readonly name: string;
  readonly triplets: number;
  readonly passed: number;
}

const TOP_OPTIONS = [
  {
    flags: '--limit <N>',
    help: 'number of lines for each',
    default: DEFAULT_LIMIT,
    parse: (text) => Math.max(1, wholeNumber(text, 'a whole number', 100_000)),
  },
  ...RECORDS_OPTIONS,
  ...RULES_OPTIONS,
] as const satisfies readonly OptionEntry[];

type GivenTop = GivenOf<typeof TOP_OPTIONS>;

export const topCommand = makeCommand(
  {
    name: 'greyctl top',
    summary: 'show the busiest clients, networks, senders and recipients',
    usage: '[options] [clients] [networks] [senders] [recipients]',
    description:
      'Lists the clients with the most successful retries, and the networks, sender domains and recipients with ' +
      'the most triplets, with the number of those that have passed; all, or those that are named, as the pools ' +
      'of --profile. greyd may ' +
      'run meanwhile. Expired records are not counted; those of greyd --privacy cannot be read.\n\n' +
      'Examples:\n' +
      '  greyctl top\n' +
      '  greyctl top networks --limit=50',
    options: TOP_OPTIONS,
    arguments: { positional: { expected: WHAT.join(', '), values: WHAT, count: [0, WHAT.length] } },
  },
  async (given, { values }, work) => {
    const wanted = WHAT.filter((what) => values.length === 0 || values.includes(what));
    return withRecords(given, work, async (store) => {
      requireReadableKeys(store);
      const clients = wanted.includes('clients') ? await printClients(store, given, work) : 0;
      const counted = wanted.filter((what) => what !== 'clients');
      const others = await printTriplets(store, counted, given, work, clients > 0);
      return clients > 0 || others.some((rows) => rows > 0) ? 0 : 1;
    });
  },
);

/** @returns the number of rows */
async function printClients(store: ReadableStore, given: GivenTop, work: Work): Promise<number> {
  const [rules, now] = [rulesOf(given), work.now()];
  const ranking = new Ranking<ClientRow>(given.limit);
  for await (const entries of store.entries('client')) {
    for (const [key, record] of entries) {
      if (key.kind !== 'client' || !('count' in record) || !isPostgreyKey(key)) continue;
      const state = stateOf(record, rules, now);
      if (state !== 'expired') ranking.add({ key, record, state }, record.count);
    }
  }
  return printTable([ranking.items()], named('client', clientForm(work.terminal !== undefined), work), work);
}

/** Prints all of these in one walk over the triplets. @returns the number of rows of each */
async function printTriplets(
  store: ReadableStore,
  wanted: readonly Counted[],
  given: GivenTop,
  work: Work,
  isBelowOthers: boolean,
): Promise<number[]> {
  if (wanted.length === 0) return [];
  const [rules, now] = [rulesOf(given), work.now()];
  const counts = wanted.map((what) => ({ what, frequencies: new Frequencies() }));
  let walked = 0;
  for await (const entries of store.entries('triplet')) {
    for (const [key, record] of entries) {
      const subject = subjectOf(key);
      const state = stateOf(record, rules, now, subject);
      if (key.kind !== 'triplet' || state === 'expired') continue;
      for (const { what, frequencies } of counts)
        if (COUNTED[what].subject === subject) frequencies.add(COUNTED[what].of(key), state === 'passed');
    }
    walked += entries.length;
    work.progress?.(`${walked} triplets`);
  }
  work.progress?.('');
  const printed: number[] = [];
  for (const { what, frequencies } of counts) {
    const isBelow = isBelowOthers || printed.some((rows) => rows > 0);
    if (isBelow && frequencies.size > 0 && work.terminal !== undefined && !work.isJson)
      work.output.write('\n');
    printed.push(await printCounted(what, frequencies, given, work));
  }
  return printed;
}

async function printCounted(
  what: Counted,
  frequencies: Frequencies,
  { limit }: GivenTop,
  work: Work,
): Promise<number> {
  const ranking = new Ranking<CountedRow>(limit);
  for (const [name, { count, marked }] of frequencies.entries())
    ranking.add({ name, triplets: count, passed: marked }, count);
  const { error } = frequencies;
  if (error > 0) work.tell(`too many ${what} for exact numbers: they may be up to ${error} too low`);
  const { heading } = COUNTED[what];
  return printTable([ranking.items()], named(heading, rankingForm(heading), work), work);
}

/** Adds a first column that names the kind, unless headings are shown. */
function named<Of>(what: string, form: TableForm<Of>, { terminal }: Work): TableForm<Of> {
  if (terminal !== undefined) return form;
  return { ...form, columns: [{ heading: '', text: () => what }, ...form.columns] };
}

function rankingForm(heading: string): TableForm<CountedRow> {
  return {
    columns: [
      { heading, text: ({ name }) => name },
      { heading: 'triplets', text: ({ triplets }) => String(triplets), isNumber: true },
      { heading: 'passed', text: ({ passed }) => String(passed), isNumber: true },
    ],
    toObject: ({ name, triplets, passed }) => ({ of: heading, name, triplets, passed }),
  };
}

/** Returns the domain of an address; `<>` for the null sender. */
function domainOf(address: string): string {
  return address.includes('@') ? address.slice(address.lastIndexOf('@') + 1) : shownSender(address);
}
