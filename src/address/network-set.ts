/**
 * A set of networks, asked whether one of them holds an address.
 *
 * Networks are grouped by family and prefix length; a look-up masks the address once per length in
 * use (a handful) instead of comparing it with every network.
 */
import { addressBits, formatAddress, type IpAddress, networkOf, parseAddress } from './ip.ts';

export interface Network {
  readonly address: IpAddress;
  /** 0 to 32 (IPv4) or 128 (IPv6). */
  readonly prefixLength: number;
}

/**
 * Reads `address` or `address/prefix-length`. Host bits may be set: `192.0.2.5/24` is `192.0.2.0/24`.
 * @returns undefined if it is neither, or the length does not fit the family
 */
export function parseNetwork(text: string): Network | undefined {
  const [addressText = '', lengthText, ...rest] = text.split('/');
  const address = parseAddress(addressText);
  if (address === undefined || rest.length > 0) return undefined;
  const bits = addressBits(address.family);
  if (lengthText === undefined) return { address, prefixLength: bits };
  const prefixLength = /^\d{1,3}$/.test(lengthText) ? Number(lengthText) : Number.NaN;
  return prefixLength <= bits ? { address, prefixLength } : undefined;
}

export class NetworkSet {
  readonly #networksByLength = { 4: new Map<number, Set<string>>(), 6: new Map<number, Set<string>>() };

  add({ address, prefixLength }: Network): void {
    const byLength = this.#networksByLength[address.family];
    const networks = byLength.get(prefixLength) ?? new Set();
    byLength.set(prefixLength, networks);
    networks.add(formatAddress(networkOf(address, prefixLength)));
  }

  /** Whether a network in the set holds this address. IPv4 networks hold no IPv6 address. */
  has(address: IpAddress): boolean {
    for (const [prefixLength, networks] of this.#networksByLength[address.family]) {
      if (networks.has(formatAddress(networkOf(address, prefixLength)))) return true;
    }
    return false;
  }
}
