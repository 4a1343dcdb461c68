/**
 * The records of postgrey, as they stand in its two Berkeley DB files:
 *
 *   postgrey.db          network ["/32" | "/128"] "/" sender "/" recipient  ->  first "," last
 *   postgrey_clients.db  address (IPv6 in upper case)                       ->  count "," last
 *
 * The mask is there with --lookup-by-host. A seldom third field of the value is not looked at. With
 * --privacy either key is the SHA-1 of that, in hex. A `/` may stand in a sender and in a recipient,
 * but not in their domains, by which they are told apart.
 */
import { formatAddress, parseAddress } from '../address/ip.ts';
import { type Key, sha1Hex, type TripletKey } from '../greylist/keys.ts';
import type { ClientRecord, TripletRecord } from '../greylist/records.ts';
import { textOf } from '../policy/text.ts';
import type { DumpedPair } from './postgrey-dump.ts';

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

/**
 * @param kind of the file that the pair stood in; undefined: it shows in the pair
 * @param privacy of the store: true wants hashed keys, false plain ones, undefined takes both
 */
export function readPair(
  { key, value }: DumpedPair,
  kind: Kind | undefined,
  privacy: boolean | undefined,
): PostgreyRecord | Skipped {
  const [, first, second] = /^(\d{1,15}),(\d{1,15})(?:,|$)/.exec(value) ?? [];
  if (first === undefined) return { reason: 'the value is no pair of numbers' };
  const numbers = [Number(first), Number(second)] as const;
  const text = textOf(key);
  if (/^[0-9a-f]{40}$/.test(text)) {
    if (privacy === false) return { reason: 'hashed by postgrey --privacy, and greyd runs without it' };
    const kindOfHash = kind ?? (numbers[0] < EARLIEST_TIME ? 'client' : 'triplet');
    return toRecord({ kind: kindOfHash, sha1: text }, numbers);
  }
  const kindOfText = kind ?? (text.includes('/') ? 'triplet' : 'client');
  const plain = kindOfText === 'triplet' ? readTriplet(text) : readClient(text);
  if (plain === undefined) return { reason: 'the key is no triplet and no client address' };
  return toRecord(privacy ? { kind: kindOfText, sha1: sha1Hex(text) } : plain, numbers);
}

function toRecord(key: Key, [first, last]: readonly [number, number]): PostgreyRecord {
  return { key, record: key.kind === 'triplet' ? { first, last } : { count: first, last } };
}

function readClient(text: string): Key | undefined {
  const address = parseAddress(text);
  return address && { kind: 'client', clientAddress: formatAddress(address) };
}

function readTriplet(text: string): TripletKey | undefined {
  // A second field that is the mask of an address can be a sender only if there are just three.
  const [, network = '', rest = ''] = /^([^/]*)(?:\/32(?=\/.*\/)|\/128(?=\/.*\/))?\/(.*)$/s.exec(text) ?? [];
  const address = parseAddress(network);
  const slash = endOfSender(rest);
  if (address === undefined || slash === -1) return undefined;
  return {
    kind: 'triplet',
    clientNetwork: formatAddress(address),
    sender: rest.slice(0, slash),
    recipient: rest.slice(slash + 1),
  };
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
