/**
 * Finds the keys that the arguments of a command name: of one triplet, and of its client.
 */
import { parseAddress } from '../address/ip.ts';
import {
  type ClientKey,
  clientKey,
  type NetworkLengths,
  type TripletKey,
  tripletKey,
} from '../greylist/keys.ts';
import { UsageError } from '../options/command-line.ts';
import type { Attributes } from './words.ts';

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
  const text = attributes.get('client_address') ?? '';
  const address = parseAddress(text);
  if (address === undefined) throw new UsageError(`client_address=${text}: write an IP address`);
  const [sender, recipient] = [attributes.get('sender'), attributes.get('recipient')];
  const isTriplet = sender !== undefined && recipient !== undefined;
  return {
    client: clientKey(address),
    triplet: isTriplet ? tripletKey(address, sender === '<>' ? '' : sender, recipient, lengths) : undefined,
  };
}
