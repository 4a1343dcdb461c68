/**
 * Whitelists asked for yes or no, where a test does not look at the line.
 */
import { type IpAddress, parseAddress } from '../../src/address/ip.ts';
import type { WhitelistLine } from '../../src/whitelist/whitelist-file.ts';
import type { Whitelists } from '../../src/whitelist/whitelists.ts';

/** A line of some file. */
export function line(pattern: string): WhitelistLine {
  return { file: 'whitelist', number: 1, pattern };
}

export function hasClient(whitelists: Whitelists, name: string, address = '198.51.100.1'): boolean {
  return whitelists.findClient(name, parseAddress(address) as IpAddress) !== undefined;
}

export function hasRecipient(whitelists: Whitelists, recipient: string): boolean {
  return whitelists.findRecipient(recipient) !== undefined;
}
