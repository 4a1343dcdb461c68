/**
 * The lists of records that greyctl shows, and how each shows its own:
 *
 *   triplets         what postgrey keeps, of networks
 *   clients          what postgrey keeps, of addresses
 *   pools            waits that the hosts of a registered domain share
 *   farms            hours in which mail of hosts of one name passed for the first time, and in which a wait began
 *   correspondents   who here has written to whom
 *   windows          recipients whose mail passes until some time
 */

import { type GreylistRules, isTrusted } from '../greylist/decision.ts';
import { type Key, openedKey, type PlainKey, type Subject, subjectOf } from '../greylist/keys.ts';
import type { ClientRecord } from '../greylist/records.ts';
import type { Entry, ReadableStore } from '../store/store.ts';
import type { UnixSeconds } from '../time/clock.ts';
import type { TableForm } from './format/table.ts';
import { shortTime, utc } from './format/times.ts';
import { clientForm, partsOfPair, shownSender, tripletForm } from './rows.ts';
import { STATE_STYLES, type State, stateOf } from './states.ts';

/** One record of a list. */
export interface ListedRow {
  readonly key: PlainKey;
  readonly record: Entry[1];
  readonly state: State;
  /** Hours in which a wait of a farm began. */
  readonly opened?: number;
}

interface List {
  readonly kind: Key['kind'];
  readonly subject: Subject;
  readonly form: (isForPeople: boolean) => TableForm<ListedRow>;
}

/** Returns the form of rows of one kind: a list holds no others. */
function listed<Row extends ListedRow>(form: (isForPeople: boolean) => TableForm<Row>): List['form'] {
  return form as unknown as List['form'];
}

export const LISTS = {
  triplets: { kind: 'triplet', subject: 'triplet', form: listed(tripletForm) },
  clients: { kind: 'client', subject: 'client', form: listed(clientForm) },
  pools: { kind: 'triplet', subject: 'pool', form: listed(tripletForm) },
  farms: { kind: 'client', subject: 'farm', form: farmForm },
  correspondents: { kind: 'client', subject: 'correspondent', form: correspondentForm },
  windows: { kind: 'client', subject: 'window', form: windowForm },
} as const satisfies Record<string, List>;

export type ListName = keyof typeof LISTS;

export const LIST_NAMES = Object.keys(LISTS) as readonly ListName[];

/** Returns the records of a list among some entries, with their states. */
export async function rowsOf(
  name: ListName,
  entries: readonly Entry[],
  store: ReadableStore,
  rules: GreylistRules,
  now: UnixSeconds,
): Promise<ListedRow[]> {
  const { subject } = LISTS[name];
  const own = entries.filter(([key]) => subjectOf(key) === subject);
  if (subject !== 'farm')
    return own.map(([key, record]) => ({ key, record, state: stateOf(record, rules, now, subject) }));
  const opened = await store.read(own.map(([key]) => openedKey(nameOf(key))));
  return own.map(([key, record], index) => {
    const other = opened[index];
    return { key, record, state: stateOfFarm(record, other, rules, now), opened: other?.count ?? 0 };
  });
}

function stateOfFarm(
  record: Entry[1],
  opened: ClientRecord | undefined,
  rules: GreylistRules,
  now: UnixSeconds,
): State {
  const state = stateOf(record, rules, now, 'farm');
  const passed = 'count' in record ? record : undefined;
  return state === 'counted' && isTrusted({ passed, opened }, rules) ? 'auto-whitelisted' : state;
}

/** Returns the text of a key without the sign of its subject. */
function nameOf(key: PlainKey): string {
  return (key.kind === 'triplet' ? key.clientNetwork : key.clientAddress).slice(1);
}

function farmForm(isForPeople: boolean): TableForm<ListedRow> {
  const time = isForPeople ? shortTime : utc;
  return {
    columns: [
      { heading: 'farm', text: ({ key }) => nameOf(key) },
      { heading: 'hours passed', text: ({ record }) => String(countOf(record)), isNumber: true },
      { heading: 'hours begun', text: ({ opened }) => String(opened ?? 0), isNumber: true },
      { heading: 'last counted', text: ({ record }) => time(record.last) },
      stateColumn,
    ],
    toObject: ({ key, record, state, opened }) => ({
      kind: 'farm',
      farm: nameOf(key),
      hours_passed: countOf(record),
      hours_begun: opened ?? 0,
      last_counted: utc(record.last),
      state,
    }),
  };
}

function correspondentForm(isForPeople: boolean): TableForm<ListedRow> {
  const time = isForPeople ? shortTime : utc;
  const parts = ({ key }: ListedRow) => partsOfPair(nameOf(key));
  return {
    columns: [
      { heading: 'recipient', text: (row) => parts(row).recipient },
      { heading: 'has written to', text: (row) => shownSender(parts(row).correspondent) },
      { heading: 'last mail', text: ({ record }) => time(record.last) },
      stateColumn,
    ],
    toObject: (row) => ({
      kind: 'correspondent',
      ...parts(row),
      last_mail: utc(row.record.last),
      state: row.state,
    }),
  };
}

function windowForm(isForPeople: boolean): TableForm<ListedRow> {
  const time = isForPeople ? shortTime : utc;
  const recipient = ({ key }: ListedRow) => nameOf(key);
  return {
    columns: [
      { heading: 'recipient', text: recipient },
      { heading: 'until', text: ({ record }) => time(record.last) },
      stateColumn,
    ],
    toObject: (row) => ({
      kind: 'window',
      recipient: recipient(row),
      until: utc(row.record.last),
      state: row.state,
    }),
  };
}

const stateColumn = {
  heading: 'state',
  text: ({ state }: ListedRow) => state,
  style: ({ state }: ListedRow) => STATE_STYLES[state],
} as const;

function countOf(record: Entry[1]): number {
  return 'count' in record ? record.count : 0;
}
