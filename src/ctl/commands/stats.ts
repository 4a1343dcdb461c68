/**
 * greyctl stats: shows what greylisting achieves, and what it costs. Decisions come first, from counts that greyd
 * saves each minute; then the states of the records, by a walk over all of them.
 */
import {
  daysOf,
  hoursOf,
  type Newcomers,
  newcomersOf,
  type Waits,
  waitsOf,
} from '../../decisions/history.ts';
import { type Subject, subjectOf } from '../../greylist/keys.ts';
import { counted } from '../../inspect/format/counted.ts';
import { headedLines, type Line } from '../../inspect/format/lines.ts';
import { duration } from '../../inspect/format/times.ts';
import { type State, stateOf } from '../../inspect/states.ts';
import type { OptionEntry } from '../../options/command-line.ts';
import type { GivenOf } from '../../options/given.ts';
import { RULES_OPTIONS } from '../../options/of-daemon.ts';
import { rulesOf } from '../../options/shared.ts';
import { wholeNumber } from '../../options/values.ts';
import type { ReadableStore } from '../../store/store.ts';
import { makeCommand, type Work } from '../command.ts';
import { printPeriods } from '../periods.ts';
import { RECORDS_OPTIONS, withRecords } from '../records.ts';

const DEFAULT_HOURS = 24;
const DEFAULT_DAYS = 7;
const MAX_HOURS = 1000;

const STATS_OPTIONS = [
  {
    flags: '--hours <N>',
    help: 'number of hours to list; 0: none',
    default: DEFAULT_HOURS,
    parse: (text) => wholeNumber(text, `a whole number of hours up to ${MAX_HOURS}`, MAX_HOURS),
  },
  {
    flags: '--days <N>',
    help: 'number of days to list; 0: none',
    default: DEFAULT_DAYS,
    parse: (text) => wholeNumber(text, `a whole number of days up to ${MAX_HOURS}`, MAX_HOURS),
  },
  ...RECORDS_OPTIONS,
  ...RULES_OPTIONS,
] as const satisfies readonly OptionEntry[];

type GivenStats = GivenOf<typeof STATS_OPTIONS>;

export const statsCommand = makeCommand(
  {
    name: 'greyctl stats',
    summary: 'show decisions, waits of mail, and numbers of records',
    usage: '[options]',
    description:
      'Counts the decisions of greyd, by action and reason, in each of the last hours and days (kept for --max-age ' +
      'days, and saved once a minute); shows how long greylisted mail waited until it passed, and how many new ' +
      'triplets were never retried; and counts the records by state. greyd may run ' +
      'meanwhile. The records of greyd --privacy cannot be read, and are not counted.\n\n' +
      'Example:\n' +
      '  greyctl stats --hours=0 --days=35',
    options: STATS_OPTIONS,
    arguments: {},
  },
  async (given, _, work) => {
    return withRecords(given, work, async (store) => {
      const counts = await store.decisions();
      const now = work.now();
      await printPeriods('hour', hoursOf(counts, now, given.hours), work);
      await printPeriods('day', daysOf(counts, now, given.days), work);
      const waits = waitsOf(counts);
      if (store.privacy) {
        printSummary({ waits, newcomers: undefined, states: undefined }, work);
        return 0;
      }
      const states = await countStates(store, given, work);
      printSummary({ waits, newcomers: newcomersOf(counts, states.triplet.waiting ?? 0), states }, work);
      return 0;
    });
  },
);

type StateCounts = Readonly<Record<'triplet' | 'client', Partial<Record<State, number>>>> &
  Partial<Record<Subject, Partial<Record<State, number>>>>;

async function countStates(
  store: ReadableStore,
  given: GivenStats,
  { now: clock, progress }: Work,
): Promise<StateCounts> {
  const [rules, now] = [rulesOf(given), clock()];
  const counts: StateCounts = { triplet: {}, client: {} };
  let walked = 0;
  for (const kind of ['triplet', 'client'] as const) {
    for await (const entries of store.entries(kind)) {
      for (const [key, record] of entries) {
        const subject = subjectOf(key);
        const state = stateOf(record, rules, now, subject);
        const ofSubject = counts[subject] ?? {};
        counts[subject] = ofSubject;
        ofSubject[state] = (ofSubject[state] ?? 0) + 1;
      }
      walked += entries.length;
      progress?.(`${walked} records`);
    }
  }
  progress?.('');
  return counts;
}

/** Shown where there are such records. */
const OF_PROFILES = [
  ['pool', 'pools', ['passed', 'waiting', 'expired']],
  ['farm', 'farms', ['counted', 'expired']],
  ['correspondent', 'correspondents', ['known', 'expired']],
  ['window', 'windows', ['open', 'expired']],
] as const;

interface Summary {
  readonly waits: Waits | undefined;
  readonly newcomers: Newcomers | undefined;
  readonly states: StateCounts | undefined;
}

function printSummary({ waits, newcomers, states }: Summary, { print, paint }: Work): void {
  const lines: Line[] = [
    [
      'waited',
      waits === undefined
        ? 'no greylisted mail has passed yet'
        : `${counted(waits.mails, 'mail')}: median ${duration(waits.median)}, 90 % within ${duration(waits.ninety)}, all within ${duration(waits.worst)}`,
    ],
  ];
  if (newcomers !== undefined && newcomers.seen > 0) {
    const { seen, passed, waiting, neverCame } = newcomers;
    const share = `${Math.round((100 * neverCame) / seen)} %`;
    lines.push([
      'new triplets',
      `${seen}: ${passed} passed, ${waiting} waiting, ${neverCame} (${share}) never retried`,
    ]);
  }
  if (states !== undefined) {
    lines.push(['triplets', statesText(states.triplet, ['passed', 'waiting', 'expired'])]);
    lines.push(['clients', statesText(states.client, ['auto-whitelisted', 'counted', 'expired'])]);
    for (const [subject, heading, order] of OF_PROFILES) {
      const counts = states[subject];
      if (counts !== undefined) lines.push([heading, statesText(counts, order)]);
    }
  }
  const text = headedLines(lines, paint).join('\n');
  const { neverCame, ...others } = newcomers ?? {};
  const result = {
    waited: waits ?? null,
    new_triplets: newcomers === undefined ? null : { ...others, never_came_back: neverCame },
    records: states ?? null,
  };
  print(result, text);
}

function statesText(counts: Partial<Record<State, number>>, order: readonly State[]): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return `${all}: ${order.map((state) => `${counts[state] ?? 0} ${state}`).join(', ')}`;
}
