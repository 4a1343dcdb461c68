/**
 * Reads the records of postgrey, as stored in its two Berkeley DB files:
 *
 *   postgrey.db          network [ "/" mask ] "/" sender "/" recipient  ->  first "," last
 *   postgrey_clients.db  address [ "/32" | "/128" ]                     ->  count "," last
 *
 * Which version has masks, and how it writes IPv6, is in greylist/former-keys and postgrey-form. Some old clients have
 * `192.0.2.0/77` for 192.0.2.77. A rare third field of the value is ignored. With --privacy either key is the SHA-1 of
 * that text, in hex. A `/` may occur in a sender and a recipient, but not in their domains, which show where the
 * sender ends.
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
import type { DumpedPair } from './dump.ts';
import { isHost, isWhole, type KeyForm, PRESENT_FORM, readMasked } from './key-form.ts';

type Kind = Key['kind'];

export interface PostgreyRecord {
  readonly key: Key;
  readonly record: TripletRecord | ClientRecord;
}

/** The reason why a pair is not imported. */
export interface Skipped {
  readonly reason: string;
}

/** A smaller first number is a count: no mail was greylisted before 1973. */
const EARLIEST_TIME = 100_000_000;

/** How the keys of a database are read, and how greyd makes its own. */
export interface Reading {
  readonly form: KeyForm;
  /** Prefix lengths of greyd, for IPv6 clients that an old postgrey has stored by their full address. */
  readonly lengths: NetworkLengths;
}

const PRESENT: Reading = { form: PRESENT_FORM, lengths: { ipv4: 24, ipv6: 64 } };

/** Tells whether a key is a hash, as those of `postgrey --privacy`. */
export function isHash(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Returns the kind of a plain key, if its file does not show it. */
export function kindOfKey(text: string): Kind {
  return /^[^/]*(?:\/\d{1,3})?$/.test(text) ? 'client' : 'triplet';
}

/**
 * @param kind of the file of the pair; undefined: the pair shows it
 * @param privacy of the store: true needs hashed keys, false plain ones, undefined takes both
 */
export function readPair(
  { key, value }: DumpedPair,
  kind: Kind | undefined,
  privacy: boolean | undefined,
  reading = PRESENT,
): PostgreyRecord | Skipped {
  const [, first, second] = /^(\d{1,15}),(\d{1,15})(?:,|$)/.exec(value) ?? [];
  if (first === undefined) return { reason: 'the value is not a pair of numbers' };
  const numbers = [Number(first), Number(second)] as const;
  const text = textOf(key);
  if (isHash(text)) {
    if (privacy === false)
      return { reason: 'hashed by postgrey --privacy, but greyd runs without --privacy' };
    const kindOfHash = kind ?? (numbers[0] < EARLIEST_TIME ? 'client' : 'triplet');
    return postgreyRecord({ kind: kindOfHash, sha1: text }, numbers);
  }
  const isTriplet = (kind ?? kindOfKey(text)) === 'triplet';
  const plain = isTriplet ? readTriplet(text, reading) : readClient(text);
  if (plain === undefined) return { reason: 'the key is neither a triplet nor a client address' };
  return postgreyRecord(privacy ? hashedKey(plain) : plain.key, numbers);
}

/** A key, and whether postgrey 1.37 writes it with the mask of a whole address. */
interface ReadKey {
  readonly key: TripletKey | ClientKey;
  readonly byHost: boolean;
}

/** Returns the key with the hash that greyd looks for. */
function hashedKey({ key, byHost }: ReadKey): Key {
  return { kind: key.kind, sha1: sha1Hex(postgreyKey(key, byHost)) };
}

function postgreyRecord(key: Key, [first, last]: readonly [number, number]): PostgreyRecord {
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
  // A host address can only come from --lookup-by-host, whatever the other keys are.
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
 * Returns the position of the `/` between sender and recipient: the first one with an address, or nothing, on its
 * left and one address on its right; -1 if there is no `/`.
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
