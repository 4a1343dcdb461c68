/**
 * The keys of greylisting records: one per triplet, one per client.
 *
 *   triplet :== client network, normalised sender, recipient     all in lower case
 *   client  :== full client address                              never its network
 *
 * The profiles beside postgrey's keep what they know of names as records of the same two kinds. A sign that no
 * address begins with stands in its place:
 *
 *   triplet :== "@" registered domain, masked sender, recipient   a wait that its hosts share
 *   client  :== "." name              hours in which a mail of these hosts passed for the first time
 *            |  "~" name              hours in which a wait of these hosts began
 *            |  ">" recipient SP sender     a recipient who has written to this sender
 *            |  "?" recipient | "?*@" domain | "?"   mail passes until `last`; "?" alone: of any recipient
 *
 * Lower case means ASCII letters only, as in postgrey, which sees bytes.
 */
import { createHash } from 'node:crypto';
import { withComparableDomain } from '../address/host-name.ts';
import { formatAddress, type IpAddress, networkOf } from '../address/ip.ts';
import { normaliseSender } from '../address/sender.ts';

export interface TripletKey {
  readonly kind: 'triplet';
  /** The network address without its mask: `192.0.2.0`, `2001:db8:78:0:0:0:0:0`. */
  readonly clientNetwork: string;
  readonly sender: string;
  readonly recipient: string;
}

export interface ClientKey {
  readonly kind: 'client';
  /** In full and lower case: `192.0.2.1`, `2001:db8:78:0:0:0:0:5`. */
  readonly clientAddress: string;
}

/** A key that holds its addresses in clear text. */
export type PlainKey = TripletKey | ClientKey;

/** A key of which only a hash is known, as in the database of `postgrey --privacy`. */
export interface HashedKey<Kind extends PlainKey['kind'] = PlainKey['kind']> {
  readonly kind: Kind;
  /** Hex digits in lower case: see `hashOf`. */
  readonly sha1: string;
}

export type Key = PlainKey | HashedKey;

/** How many leading bits of a client address make up its network. */
export interface NetworkLengths {
  /** 0 to 32 */
  readonly ipv4: number;
  /** 0 to 128 */
  readonly ipv6: number;
}

export function tripletKey(
  client: IpAddress,
  sender: string,
  recipient: string,
  lengths: NetworkLengths,
): TripletKey {
  const network = networkOf(client, client.family === 4 ? lengths.ipv4 : lengths.ipv6);
  return {
    kind: 'triplet',
    clientNetwork: formatAddress(network),
    sender: lowerCaseAscii(normaliseSender(sender)),
    recipient: lowerCaseAscii(recipient),
  };
}

export function clientKey(client: IpAddress): ClientKey {
  return { kind: 'client', clientAddress: formatAddress(client) };
}

/** The wait that the hosts of a registered domain share. @param maskedSender see `maskedSender` in address */
export function poolKey(domain: string, maskedSender: string, recipient: string): TripletKey {
  return {
    kind: 'triplet',
    clientNetwork: `@${domain}`,
    sender: maskedSender,
    recipient: lowerCaseAscii(recipient),
  };
}

/** Hours in which a mail of a farm passed for the first time. @param farm the name that its hosts have in common */
export function farmKey(farm: string): ClientKey {
  return { kind: 'client', clientAddress: `.${farm}` };
}

/** Hours in which a wait of a farm began. */
export function openedKey(farm: string): ClientKey {
  return { kind: 'client', clientAddress: `~${farm}` };
}

/**
 * Somebody here who has written to somebody elsewhere. Blanks in the first address are written as `%20`.
 * @param correspondent empty for the null sender
 */
export function correspondentKey(recipient: string, correspondent: string): ClientKey {
  const [own = '', other] = [recipient, correspondent].map((address) =>
    lowerCaseAscii(withComparableDomain(address)),
  );
  const escaped = own.replaceAll('%', '%25').replaceAll(' ', '%20');
  return { kind: 'client', clientAddress: `>${escaped} ${other}` };
}

/** The key of the time until which any window is open. */
export const ANY_WINDOW: ClientKey = { kind: 'client', clientAddress: '?' };

/**
 * The time until which mail passes to a recipient, and to all of its domain.
 * @returns undefined for what is no address: nobody expects mail there
 */
export function windowKeys(recipient: string): readonly [own: ClientKey, domain: ClientKey] | undefined {
  const [, local, domain] = /^(.+)@([^@]+)$/s.exec(lowerCaseAscii(recipient)) ?? [];
  if (local === undefined || domain === undefined || local === '*') return undefined;
  return [
    { kind: 'client', clientAddress: `?${local}@${domain}` },
    { kind: 'client', clientAddress: `?*@${domain}` },
  ];
}

/** What a record is about, by the first character of its key. */
const SUBJECTS = {
  '@': 'pool',
  '.': 'farm',
  '~': 'opened',
  '>': 'correspondent',
  '?': 'window',
} as const;

export type Subject = (typeof SUBJECTS)[keyof typeof SUBJECTS] | PlainKey['kind'] | 'any window';

/** Tells what a record is about: a triplet or a client, as postgrey knows them, or what a profile keeps. */
export function subjectOf(key: PlainKey): Subject {
  const text = key.kind === 'triplet' ? key.clientNetwork : key.clientAddress;
  const [sign = ''] = text;
  if (text === ANY_WINDOW.clientAddress) return 'any window';
  return sign in SUBJECTS ? SUBJECTS[sign as keyof typeof SUBJECTS] : key.kind;
}

/** Tells whether postgrey keeps such a record as well. */
export function isPostgreyKey(key: PlainKey): boolean {
  return subjectOf(key) === key.kind;
}

/**
 * Returns the key as postgrey writes it into its database (and hashes it with --privacy).
 * @param byHost with --lookup-by-host postgrey puts the mask behind the address
 */
export function postgreyKey(key: PlainKey, byHost: boolean): string {
  if (key.kind === 'client') return key.clientAddress.toUpperCase();
  const mask = key.clientNetwork.includes(':') ? '/128' : '/32';
  return `${key.clientNetwork}${byHost ? mask : ''}/${key.sender}/${key.recipient}`;
}

/** Returns the SHA-1, in hex, of the key as postgrey writes it: what `postgrey --privacy` stores. */
export function hashOf(key: Key, byHost: boolean): string {
  return 'sha1' in key ? key.sha1 : sha1Hex(postgreyKey(key, byHost));
}

export function sha1Hex(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** Converts ASCII letters only; letters of other scripts stay as they are. */
export function lowerCaseAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
