/**
 * Changes records for greyctl pass and greyctl forget: the named triplet, or all records that match, each by an
 * atomic update of the store, while daemons use it. A pause after each group lets the daemons have their turn.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { ClientNames } from '../address/client-name.ts';
import { parseAddress } from '../address/ip.ts';
import type { GreylistRules } from '../greylist/decision.ts';
import type { Key, PlainKey } from '../greylist/keys.ts';
import { counted } from '../inspect/format/counted.ts';
import { keyObject, keyText } from '../inspect/rows.ts';
import { printable } from '../log/printable.ts';
import { type OptionEntry, UsageError } from '../options/command-line.ts';
import type { GivenOf } from '../options/given.ts';
import { LOOKUP_OPTIONS, RULES_OPTIONS } from '../options/of-daemon.ts';
import { networkLengthsOf, rulesOf } from '../options/shared.ts';
import type { Attributes } from '../policy/client.ts';
import type { Entry, Store } from '../store/store.ts';
import type { UnixSeconds } from '../time/clock.ts';
import { Whitelists } from '../whitelist/whitelists.ts';
import type { ArgumentsRow } from './arguments.ts';
import type { ExitStatus, Work } from './command.ts';
import { RECORDS_OPTIONS, requireReadableKeys, withWritableRecords } from './records.ts';
import { FROM_LOG_OPTION, POLICY_ATTRIBUTES, requestAttributes } from './request-words.ts';
import { namedKeys, poolKeyOf, SELECTING_WORDS, selectionOf } from './selection.ts';

export const CHANGE_OPTIONS = [
  FROM_LOG_OPTION,
  ...RECORDS_OPTIONS,
  ...RULES_OPTIONS,
  ...LOOKUP_OPTIONS,
] as const satisfies readonly OptionEntry[];

/** The triplet, or what selects records; the rest of a request is taken with all three of them alone. */
export const CHANGE_ARGUMENTS: ArgumentsRow = {
  attributes: SELECTING_WORDS,
  alsoAttributes: POLICY_ATTRIBUTES,
};

export type GivenChange = GivenOf<typeof CHANGE_OPTIONS>;

/** Records changed at a time: daemons wait for each group, half a millisecond of work. */
const GROUP = 25;
const PAUSE_MS = 10;

export interface Change {
  /** What was done to a record: `forgotten`. */
  readonly done: string;
  /** The same in the field `change` of --json. */
  readonly jsonDone: string;
  /** The state of a record that did not have to be changed: `has passed already`. */
  readonly idle: string;
  /** Exit status if no record had to be changed. */
  readonly idleStatus: ExitStatus;
  /** Returns the kinds of records to walk over, unless one triplet is named. */
  readonly kindsOf: (attributes: Attributes) => readonly Key['kind'][];
  /** Tells whether a selected record is to be changed. */
  readonly isMeant: (entry: Entry, rules: GreylistRules, now: UnixSeconds) => boolean;
  /** @returns whether there was anything to change */
  readonly apply: (key: PlainKey, store: Store, rules: GreylistRules, now: UnixSeconds) => Promise<boolean>;
}

/**
 * Changes the records that a command line names.
 * @returns 1 if there are none
 */
export async function change(
  given: GivenChange,
  named: Attributes,
  work: Work,
  { done, jsonDone, idle, idleStatus, kindsOf, isMeant, apply }: Change,
): Promise<ExitStatus> {
  const attributes = await requestAttributes(named, given.fromLog, work, true);
  const kinds = kindsOf(attributes);
  const selecting = kinds.includes('client') ? [...SELECTING_WORDS, 'client_name'] : SELECTING_WORDS;
  const expected = selecting.map((name) => `${name}=…`).join(', ');
  if (!selecting.some((name) => attributes.has(name)))
    throw new UsageError(`give at least one of ${expected}`);
  // Ignored attributes would change more records than the administrator meant.
  const other = [...attributes.keys()].find((name) => !selecting.some((one) => one === name));
  if (other !== undefined && !isOneTriplet(attributes))
    throw new UsageError(`unexpected argument '${other}=…'; expected ${expected}`);
  const lengths = networkLengthsOf(given);
  const [rules, now] = [rulesOf(given), work.now()];
  const found = { changed: 0, idle: 0 };
  const take = async (key: PlainKey, store: Store): Promise<void> => {
    const wasChanged = await apply(key, store, rules, now);
    found[wasChanged ? 'changed' : 'idle'] += 1;
    const what = wasChanged ? done : idle;
    await work.print(
      { ...keyObject(key), change: wasChanged ? jsonDone : null },
      `${what}: ${printable(keyText(key))}`,
    );
  };
  return withWritableRecords(given, work, async (store) => {
    if (isOneTriplet(attributes)) {
      const { triplet } = namedKeys(attributes, lengths);
      if (triplet !== undefined) await take(triplet, store);
      const pool = attributes.has('client_name')
        ? poolKeyOf(attributes, await clientNamesOf(work))
        : undefined;
      // Without a profile, or before its first try, there is none.
      if (pool !== undefined && (await store.read([pool]))[0] !== undefined) await take(pool, store);
    } else if (store.privacy && kinds.includes('client') && isOneClient(attributes)) {
      // With --privacy its triplets cannot be found, but its client record can.
      await take(namedKeys(attributes, lengths).client, store);
    } else {
      requireReadableKeys(store);
      const isSelected = selectionOf(attributes, lengths);
      let group: PlainKey[] = [];
      const takeGroup = async (): Promise<void> => {
        await Promise.all(group.map((key) => take(key, store)));
        group = [];
        await pause(PAUSE_MS);
      };
      for (const kind of kinds) {
        for await (const entries of store.entries(kind)) {
          for (const entry of entries) {
            if (!isSelected(entry[0]) || !isMeant(entry, rules, now)) continue;
            group.push(entry[0]);
            if (group.length === GROUP) await takeGroup();
          }
        }
      }
      if (group.length > 0) await takeGroup();
      work.tell(`${counted(found.changed, 'record')} ${done}`);
    }
    if (found.changed > 0) return 0;
    return found.idle > 0 ? idleStatus : 1;
  });
}

/** Reads how names of clients are understood, as the daemon does. */
export async function clientNamesOf({ nameWordFiles, tell }: Work): Promise<ClientNames> {
  const lists = new Whitelists({ clients: [], recipients: [], nameWords: nameWordFiles });
  for (const warning of await lists.load()) tell(warning);
  return lists.clientNames;
}

function isOneClient(attributes: Attributes): boolean {
  if (attributes.has('sender') || attributes.has('recipient')) return false;
  return parseAddress(attributes.get('client_address') ?? '') !== undefined;
}

function isOneTriplet(attributes: Attributes): boolean {
  const [address = '', sender, recipient] = SELECTING_WORDS.map((name) => attributes.get(name));
  if (sender === undefined || recipient === undefined) return false;
  return parseAddress(address) !== undefined && ![sender, recipient].some((text) => text.startsWith('@'));
}
