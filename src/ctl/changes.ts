/**
 * What greyctl pass and greyctl forget have in common: the triplet that is named, or all records that are
 * meant, are changed by the store's own update, while daemons use it. After each group of them comes a pause in
 * which these have their turn.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseAddress } from '../address/ip.ts';
import { type OptionEntry, UsageError } from '../command-line.ts';
import type { GreylistRules } from '../greylist/decision.ts';
import type { Key, PlainKey } from '../greylist/keys.ts';
import { printable } from '../log/printable.ts';
import { type GivenLookup, type GivenRules, networkLengthsOf, rulesOf } from '../rules-options.ts';
import type { Entry, Store } from '../store/store.ts';
import type { ExitStatus, Work } from './command.ts';
import { namedKeys } from './keys.ts';
import { LOOKUP_OPTIONS, RULES_OPTIONS } from './options.ts';
import { keyObject, keyText } from './record-rows.ts';
import { type GivenRecords, RECORDS_OPTIONS, requireReadableKeys, withWritableRecords } from './records.ts';
import { FROM_LOG_OPTION, requestAttributes } from './request-words.ts';
import { SELECTING_WORDS, selectionOf } from './selection.ts';
import type { Attributes } from './words.ts';

export interface GivenChange extends GivenRecords, GivenRules, GivenLookup {
  fromLog?: string;
}

export const CHANGE_OPTIONS: readonly OptionEntry[] = [
  FROM_LOG_OPTION,
  ...RECORDS_OPTIONS,
  ...RULES_OPTIONS,
  ...LOOKUP_OPTIONS,
];

/** Changed at a time: daemons wait for such a group, half a millisecond of work. */
const GROUP = 25;
const PAUSE_MS = 10;

export interface Change {
  /** What was done to a record, as `let in`, and what its state was if nothing had to be done. */
  readonly done: string;
  readonly idle: string;
  /** What the exit status is then. */
  readonly idleStatus: ExitStatus;
  /** Which kinds of records are walked over, if it is not about one triplet. */
  readonly kindsOf: (attributes: Attributes) => readonly Key['kind'][];
  /** Of those that are selected. */
  readonly isMeant: (entry: Entry, rules: GreylistRules, now: number) => boolean;
  /** @returns whether there was anything to change */
  readonly apply: (key: PlainKey, store: Store, rules: GreylistRules, now: number) => Promise<boolean>;
}

/**
 * Changes what a command line names.
 * @returns 1 if there is nothing of the kind
 */
export async function change(
  given: GivenChange,
  words: readonly string[],
  work: Work,
  { done, idle, idleStatus, kindsOf, isMeant, apply }: Change,
): Promise<ExitStatus> {
  const attributes = await requestAttributes(words, given.fromLog, work, true);
  if (!SELECTING_WORDS.some((name) => attributes.has(name)))
    throw new UsageError('name a client_address=…, sender=… or recipient=…, or all three');
  // Else many records might be changed in the belief that the other attributes choose some of them.
  const other = [...attributes.keys()].find((name) => !SELECTING_WORDS.some((one) => one === name));
  if (other !== undefined && !isOneTriplet(attributes))
    throw new UsageError(`there is no use for ${other}= here: write client_address=…, sender=…, recipient=…`);
  const lengths = networkLengthsOf(given);
  const kinds = kindsOf(attributes);
  const [rules, now] = [rulesOf(given), work.now()];
  const found = { changed: 0, idle: 0 };
  const take = async (key: PlainKey, store: Store): Promise<void> => {
    const wasChanged = await apply(key, store, rules, now);
    found[wasChanged ? 'changed' : 'idle'] += 1;
    const what = wasChanged ? done : idle;
    await work.print(
      { ...keyObject(key), change: wasChanged ? done : null },
      `${what}: ${printable(keyText(key))}`,
    );
  };
  return withWritableRecords(given, work, async (store) => {
    if (isOneTriplet(attributes)) {
      const { triplet } = namedKeys(attributes, lengths);
      if (triplet !== undefined) await take(triplet, store);
    } else if (store.privacy && kinds.includes('client') && isOneClient(attributes)) {
      // Its triplets cannot be found; its place on the auto-whitelist can.
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
      work.tell(`${found.changed} ${found.changed === 1 ? 'record' : 'records'} ${done}`);
    }
    if (found.changed > 0) return 0;
    return found.idle > 0 ? idleStatus : 1;
  });
}

function isOneClient(attributes: Attributes): boolean {
  return parseAddress(attributes.get('client_address') ?? '') !== undefined;
}

function isOneTriplet(attributes: Attributes): boolean {
  const [address = '', sender, recipient] = SELECTING_WORDS.map((name) => attributes.get(name));
  if (sender === undefined || recipient === undefined) return false;
  return parseAddress(address) !== undefined && ![sender, recipient].some((text) => text.startsWith('@'));
}
