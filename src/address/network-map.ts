/**
 * A map from networks to values, looked up by an address inside the network.
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

export class NetworkMap<Value> {
  readonly #networksByLength = {
    4: new Map<number, Map<string, Value>>(),
    6: new Map<number, Map<string, Value>>(),
  };

  /** Adds a network; if it is there already, the first value stays. */
  add({ address, prefixLength }: Network, value: Value): void {
    const byLength = this.#networksByLength[address.family];
    const networks = byLength.get(prefixLength) ?? new Map<string, Value>();
    byLength.set(prefixLength, networks);
    const name = formatAddress(networkOf(address, prefixLength));
    if (!networks.has(name)) networks.set(name, value);
  }

  /** Returns the value of a network that holds this address. IPv4 networks hold no IPv6 address. */
  find(address: IpAddress): Value | undefined {
    for (const [prefixLength, networks] of this.#networksByLength[address.family]) {
      const value = networks.get(formatAddress(networkOf(address, prefixLength)));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}
