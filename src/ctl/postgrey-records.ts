/**
 * The records of postgrey, as they stand in its two Berkeley DB files:
 *
 *   postgrey.db          network [ "/" mask ] "/" sender "/" recipient  ->  first "," last
 *   postgrey_clients.db  address [ "/32" | "/128" ]                     ->  count "," last
 *
 * Which version has masks, and how it writes IPv6, is in greylist/former-keys and postgrey-form. Some old ones have
 * `192.0.2.0/77` for the client 192.0.2.77. A seldom third field of the value is not looked at. With --privacy either
 * key is the SHA-1 of that, in hex. A `/` may stand in a sender and in a recipient, but not in their domains, by which
 * they are told apart.
 */
import { formatAddress, networkOf, parseAddress } from '../address/ip.ts';
import {
  type ClientKey,
  type Key,
  type NetworkLengths,
  postgreyKey,
  sha1Hex,
  type TripletKey,
} from '../greylist/keys.ts';
import type { ClientRecord, TripletRecord } from '../greylist/records.ts';
import { textOf } from '../policy/text.ts';
import type { DumpedPair } from './postgrey-dump.ts';
import { isHost, isWhole, type KeyForm, PRESENT_FORM, readMasked } from './postgrey-form.ts';

type Kind = Key['kind'];

export interface PostgreyRecord {
  readonly key: Key;
  readonly record: TripletRecord | ClientRecord;
}

/** Why a pair is not taken over. */
export interface Skipped {
  readonly reason: string;
}

/** No mail was greylisted before 1973: a smaller first number is a count. */
const EARLIEST_TIME = 100_000_000;

/** How the keys of a database are read, and greyd looks for records. */
export interface Reading {
  readonly form: KeyForm;
  /** Networks of greyd: of IPv6 clients whose full address an old postgrey has kept. */
  readonly lengths: NetworkLengths;
}

const PRESENT: Reading = { form: PRESENT_FORM, lengths: { ipv4: 24, ipv6: 64 } };

/** Whether a key is a hash, as those of `postgrey --privacy`. */
export function isHash(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Of a key that can be read, where its file does not say it. */
export function kindOfKey(text: string): Kind {
  return /^[^/]*(?:\/\d{1,3})?$/.test(text) ? 'client' : 'triplet';
}

/**
 * @param kind of the file that the pair stood in; undefined: it shows in the pair
 * @param privacy of the store: true wants hashed keys, false plain ones, undefined takes both
 */
export function readPair(
  { key, value }: DumpedPair,
  kind: Kind | undefined,
  privacy: boolean | undefined,
  reading = PRESENT,
): PostgreyRecord | Skipped {
  const [, first, second] = /^(\d{1,15}),(\d{1,15})(?:,|$)/.exec(value) ?? [];
  if (first === undefined) return { reason: 'the value is no pair of numbers' };
  const numbers = [Number(first), Number(second)] as const;
  const text = textOf(key);
  if (isHash(text)) {
    if (privacy === false) return { reason: 'hashed by postgrey --privacy, and greyd runs without it' };
    const kindOfHash = kind ?? (numbers[0] < EARLIEST_TIME ? 'client' : 'triplet');
    return toRecord({ kind: kindOfHash, sha1: text }, numbers);
  }
  const isTriplet = (kind ?? kindOfKey(text)) === 'triplet';
  const plain = isTriplet ? readTriplet(text, reading) : readClient(text);
  if (plain === undefined) return { reason: 'the key is no triplet and no client address' };
  return toRecord(privacy ? hashedKey(plain) : plain.key, numbers);
}

/** A key, and whether postgrey 1.37 writes the mask of a whole address into it. */
interface ReadKey {
  readonly key: TripletKey | ClientKey;
  readonly byHost: boolean;
}

/** Under the hash that greyd looks for. */
function hashedKey({ key, byHost }: ReadKey): Key {
  return { kind: key.kind, sha1: sha1Hex(postgreyKey(key, byHost)) };
}

function toRecord(key: Key, [first, last]: readonly [number, number]): PostgreyRecord {
  return { key, record: key.kind === 'triplet' ? { first, last } : { count: first, last } };
}

function readClient(text: string): ReadKey | undefined {
  const [, address = text, behind] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = parseAddress(address);
  if (parsed === undefined) return undefined;
  const mask = parsed.family === 4 ? '32' : '128';
  const isOfNetwork = parsed.family === 4 && address.endsWith('.0');
  const whole = behind === undefined || behind === mask ? parsed : undefined;
  const host = whole ?? (isOfNetwork ? parseAddress(address.replace(/0$/, behind ?? '')) : undefined);
  return host && { key: { kind: 'client', clientAddress: formatAddress(host) }, byHost: false };
}

function readTriplet(text: string, { form, lengths }: Reading): ReadKey | undefined {
  const masked = readMasked(text);
  // A whole address that is no network has been written by --lookup-by-host, whatever the others are.
  const isMask = masked && (form.hasMasks || (isWhole(masked) && isHost(masked.address)));
  const [, network = '', behind = ''] = /^([^/]*)\/(.*)$/s.exec(text) ?? [];
  const rest = isMask ? masked.rest : behind;
  const address = parseAddress(network);
  const slash = endOfSender(rest);
  if (address === undefined || slash === -1) return undefined;
  const isFull = form.isShort && !isMask && address.family === 6;
  const key: TripletKey = {
    kind: 'triplet',
    clientNetwork: formatAddress(isFull ? networkOf(address, lengths.ipv6) : address),
    sender: rest.slice(0, slash),
    recipient: rest.slice(slash + 1),
  };
  return { key, byHost: isMask ? isWhole(masked) : isFull && lengths.ipv6 === 128 };
}

/**
 * Where in `sender/recipient` the `/` between them is: the first one that leaves a whole address,
 * or nothing, on its left and one address on its right; -1 if there is none at all.
 */
function endOfSender(text: string): number {
  const slashes = [...text.matchAll(/\//g)].map(({ index }) => index);
  const isAddress = (part: string) => /^[^@]*@[^@/]*$/.test(part);
  const best = slashes.find((slash) => {
    const sender = text.slice(0, slash);
    return (sender === '' || isAddress(sender)) && isAddress(text.slice(slash + 1));
  });
  return best ?? slashes.find((slash) => isAddress(text.slice(slash + 1))) ?? slashes[0] ?? -1;
}
