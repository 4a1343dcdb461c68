/**
 * The keys of older postgreys, by version:
 *
 *   triplet, 1.36          network "/" mask "/" sender "/" recipient
 *   triplet, 1.27 to 1.35  network "/" sender "/" recipient          IPv6: the full client address, as inet_ntop(3)
 *   client,  1.36          address "/" ( "32" | "128" )              IPv6 in upper case and full
 *   client,  1.27 to 1.35  address                                   IPv6 as inet_ntop(3) writes it
 *
 * Where such a database can be read, greyctl import converts them to the keys of today. A database of
 * `postgrey --privacy` has only their SHA-1: its records stay under that until a request brings the addresses.
 */
import { formatShort, parseAddress } from '../address/ip.ts';
import {
  type ClientKey,
  type HashedKey,
  isPostgreyKey,
  type Key,
  type NetworkLengths,
  type PlainKey,
  postgreyKey,
  sha1Hex,
} from './keys.ts';

/** The options by which greyd looks up records, as a postgrey with the same options did. */
export interface Lookup {
  readonly byHost: boolean;
  /** The lengths of networks; with `byHost` those of whole addresses. */
  readonly lengths: NetworkLengths;
}

/** Returns the key as postgrey 1.36 writes it. */
export function maskedKey(key: PlainKey, lengths: NetworkLengths): string {
  if (key.kind === 'client')
    return `${key.clientAddress.toUpperCase()}/${isIPv6(key.clientAddress) ? 128 : 32}`;
  const length = isIPv6(key.clientNetwork) ? lengths.ipv6 : lengths.ipv4;
  return `${key.clientNetwork}/${length}/${key.sender}/${key.recipient}`;
}

/**
 * Returns the key as postgrey 1.27 to 1.35 write it.
 * @param client whose triplet it is; undefined: for IPv6 the key is right only if it holds a whole address
 */
export function shortKey(key: PlainKey, client?: ClientKey): string {
  if (key.kind === 'client') return short(key.clientAddress);
  const isOfHost = client !== undefined && isIPv6(key.clientNetwork);
  return `${short(isOfHost ? client.clientAddress : key.clientNetwork)}/${key.sender}/${key.recipient}`;
}

/**
 * Returns the hashes under which older postgreys with --privacy keep the records of some keys, a list for each key.
 * @param keys of one visit: the client among them is that of the triplets
 */
export function formerHashes(keys: readonly Key[], { byHost, lengths }: Lookup): HashedKey[][] {
  const client = keys.find((key): key is ClientKey => key.kind === 'client' && !('sha1' in key));
  return keys.map((key) => {
    if ('sha1' in key || !isPostgreyKey(key)) return [];
    const texts = new Set([maskedKey(key, lengths), shortKey(key, client)]);
    texts.delete(postgreyKey(key, byHost));
    return [...texts].map((text) => ({ kind: key.kind, sha1: sha1Hex(text) }));
  });
}

function isIPv6(address: string): boolean {
  return address.includes(':');
}

function short(address: string): string {
  const parsed = parseAddress(address);
  return parsed === undefined ? address : formatShort(parsed);
}
