/**
 * The records on which a visit is decided, by what they say: those of client and triplet always, the others where
 * its terms know of them.
 */
import { correspondentKey, farmKey, type Key, openedKey, poolKey, windowKeys } from './keys.ts';
import type { ClientRecord, TripletRecord } from './records.ts';
import type { Visit } from './visit.ts';

/** Records by what they say; undefined: none known or, among those to save, unchanged. */
export interface Records {
  readonly triplet: TripletRecord | undefined;
  readonly client: ClientRecord | undefined;
  /** The wait that the hosts of a registered domain share. */
  readonly pool?: TripletRecord | undefined;
  /** Hours in which a mail of the farm passed for the first time. */
  readonly farm?: ClientRecord | undefined;
  /** Hours in which a wait of the farm began. */
  readonly opened?: ClientRecord | undefined;
  /** The recipient has written to the sender. */
  readonly correspondent?: ClientRecord | undefined;
  /** Mail to the recipient, or to its domain, passes until `last`. */
  readonly window?: ClientRecord | undefined;
  readonly domainWindow?: ClientRecord | undefined;
}

export type RecordName = keyof Records;

/** A key, and what its record says. */
export type NamedKey = readonly [name: RecordName, key: Key];

/** Which records a rule makes use of. */
export interface RecordsInUse {
  /** False: the auto-whitelist of farms is off. */
  readonly farms: boolean;
  /** A window is open, for whatever recipient. */
  readonly windows: boolean;
}

/** Returns the keys of a visit: triplet and client first, at most eight. */
export function keysOf({ triplet, client, terms }: Visit, { farms, windows }: RecordsInUse): NamedKey[] {
  const keys: NamedKey[] = [
    ['triplet', triplet],
    ['client', client],
  ];
  const { recipient } = triplet;
  const expected = windows ? windowKeys(recipient) : undefined;
  if (expected !== undefined) keys.push(['window', expected[0]], ['domainWindow', expected[1]]);
  if (terms === undefined || terms.profile === 'postgrey') return keys;
  if (!terms.isSuspect) keys.push(['correspondent', correspondentKey(recipient, terms.sender)]);
  if (terms.pool !== undefined) keys.push(['pool', poolKey(terms.pool, terms.maskedSender, recipient)]);
  if (farms && terms.farm !== undefined)
    keys.push(['farm', farmKey(terms.farm)], ['opened', openedKey(terms.farm)]);
  return keys;
}
