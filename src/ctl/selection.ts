/**
 * Selects the records that a command is about, by its arguments:
 *
 *   client_address=192.0.2.1       this client, or its network
 *   client_address=192.0.2.0/24    all clients of this network
 *   sender=alice@example.net       this envelope sender, as greyd stores it (without BATV and VERP tags)
 *   sender=<>                      the null sender
 *   sender=@example.net            all senders of this domain
 *   recipient=bob@example.org      this recipient; @example.org as for senders
 *   client_name=mx.example.net     the farm of this host
 */

import type { ClientNames } from '../address/client-name.ts';
import { comparableName } from '../address/host-name.ts';
import { type IpAddress, networkOf, parseAddress } from '../address/ip.ts';
import { maskedSender } from '../address/masked-sender.ts';
import { type Network, parseNetwork } from '../address/network-map.ts';
import { normaliseSender } from '../address/sender.ts';
import {
  type ClientKey,
  clientKey,
  lowerCaseAscii,
  type NetworkLengths,
  type PlainKey,
  poolKey,
  subjectOf,
  type TripletKey,
  tripletKey,
} from '../greylist/keys.ts';
import { originOf } from '../greylist/origin.ts';
import type { AskedMail } from '../greylist/visit.ts';
import { partsOfPair } from '../inspect/rows.ts';
import { UsageError } from '../options/command-line.ts';
import type { Attributes } from '../policy/client.ts';

export const SELECTING_WORDS = ['client_address', 'sender', 'recipient'] as const;

export type IsSelected = (key: PlainKey) => boolean;

/** @throws {UsageError} if client_address is neither an address nor a network */
export function selectionOf(attributes: Attributes, lengths: NetworkLengths): IsSelected {
  const [address, sender, recipient] = SELECTING_WORDS.map((name) => attributes.get(name));
  const tests: IsSelected[] = [];
  // Most likely an unset variable of a script.
  if (sender === '' || recipient === '')
    throw new UsageError('sender= and recipient= must not be empty: write <> for the null sender');
  if (sender !== undefined) {
    const isMeant = addressTest(sender === '<>' ? '' : normaliseSender(sender));
    const isMasked = addressTest(sender === '<>' ? '' : maskedSender(sender));
    tests.push((key) => {
      if (key.kind === 'client') return isMeant(partiesOf(key).sender ?? NO_ADDRESS);
      return (subjectOf(key) === 'pool' ? isMasked : isMeant)(key.sender);
    });
  }
  if (recipient !== undefined) {
    const isMeant = addressTest(recipient);
    tests.push((key) =>
      isMeant(key.kind === 'client' ? (partiesOf(key).recipient ?? NO_ADDRESS) : key.recipient),
    );
  }
  if (address !== undefined) tests.push(networkTest(address, lengths));
  const name = attributes.get('client_name');
  if (name !== undefined) tests.push(farmTest(comparableName(name)));
  return (key) => tests.every((test) => test(key));
}

/** No address has a blank alone. */
const NO_ADDRESS = ' ';

/** Returns who has written to whom, or to whom mail passes, if a record is about that. */
function partiesOf(key: ClientKey): { readonly sender?: string; readonly recipient?: string } {
  const text = key.clientAddress.slice(1);
  switch (subjectOf(key)) {
    case 'correspondent': {
      const { recipient, correspondent } = partsOfPair(text);
      return { recipient, sender: correspondent };
    }
    case 'window':
      return { recipient: text };
    default:
      return {};
  }
}

/** Tests whether a host, or a name that its hosts have in common, is of a farm. */
function farmTest(name: string): IsSelected {
  return (key) => {
    if (key.kind !== 'client' || !['farm', 'opened'].includes(subjectOf(key))) return false;
    const farm = key.clientAddress.slice(1);
    return name === farm || name.endsWith(`.${farm}`);
  };
}

function addressTest(text: string): (address: string) => boolean {
  const wanted = lowerCaseAscii(text);
  return wanted.startsWith('@') ? (address) => address.endsWith(wanted) : (address) => address === wanted;
}

function networkTest(text: string, lengths: NetworkLengths): IsSelected {
  const network = parseNetwork(text);
  if (network === undefined)
    throw new UsageError(`client_address=${text}: write an address or a network, 192.0.2.1 or 192.0.2.0/24`);
  const { family } = network.address;
  const known = family === 4 ? lengths.ipv4 : lengths.ipv6;
  const isMeant = {
    triplet: holds(network, Math.min(network.prefixLength, known)),
    client: holds(network, network.prefixLength),
  };
  return (key) => isMeant[key.kind](key.kind === 'triplet' ? key.clientNetwork : key.clientAddress);
}

/** Tests whether addresses are in a network; remembers the last, as records of one network come together. */
function holds({ address }: Network, bits: number): (text: string) => boolean {
  const wanted = networkOf(address, bits).words;
  const isIn = (other: IpAddress) =>
    other.family === address.family &&
    networkOf(other, bits).words.every((word, index) => word === wanted[index]);
  let [last, wasIn]: [string | undefined, boolean] = [undefined, false];
  return (text) => {
    if (text === last) return wasIn;
    const other = parseAddress(text);
    [last, wasIn] = [text, other !== undefined && isIn(other)];
    return wasIn;
  };
}

export interface NamedKeys {
  readonly client: ClientKey;
  /** undefined: sender or recipient was not given. */
  readonly triplet: TripletKey | undefined;
}

/**
 * @param attributes with client_address at least; <> stands for the null sender
 * @throws {UsageError} if client_address is no IP address
 */
export function namedKeys(attributes: Attributes, lengths: NetworkLengths): NamedKeys {
  const { client, sender, recipient } = namedMail(attributes);
  const isTriplet = attributes.has('sender') && attributes.has('recipient');
  return {
    client: clientKey(client),
    triplet: isTriplet ? tripletKey(client, sender, recipient, lengths) : undefined,
  };
}

/**
 * Returns the key of the wait that the hosts of a pool share, if the client of a mail is of one.
 * @param attributes with sender, recipient, client_name and client_address
 */
export function poolKeyOf(attributes: Attributes, clientNames: ClientNames): TripletKey | undefined {
  const { client, sender, recipient } = namedMail(attributes);
  const { pool } = originOf(clientNames.factsOf(attributes.get('client_name') ?? '', client), sender);
  return pool === undefined ? undefined : poolKey(pool, maskedSender(sender), recipient);
}

/**
 * Returns the mail that attributes name; <> stands for the null sender.
 * @throws {UsageError} if client_address is no IP address
 */
export function namedMail(attributes: Attributes): AskedMail {
  const [address = '', sender = '', recipient = ''] = SELECTING_WORDS.map((name) => attributes.get(name));
  const client = parseAddress(address);
  if (client === undefined) throw new UsageError(`client_address=${address}: write an IP address`);
  return { client, sender: sender === '<>' ? '' : sender, recipient };
}
