/**
 * Converts addresses and networks that are not in the form of the client list to that form:
 *
 *   192.0.2.1-192.0.2.9   10.1/16   192.0.2.*   192.0.2.03   192.0.2.0/255.255.255.0   ::ffff:192.0.2.1
 *
 * Known limit: a number with a leading zero is read as decimal.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { networksBetween, parseRange } from '../address/address-range.ts';
import { formatAddress } from '../address/ip.ts';
import { type Network, parseNetwork } from '../address/network-map.ts';

/** Maximum number of networks of a range that advice names. */
export const MAX_NETWORKS = 6;

/** @returns nothing if the text is none; for a range up to MAX_NETWORKS and one more */
export function addresses(text: string): string[] {
  const [first = '', length = '', ...rest] = text.split(/[/\\]/);
  if (rest.length > 0) return [];
  const range = parseRange(text);
  if (range !== undefined) return networksBetween(range, MAX_NETWORKS + 1);
  const bits = length === '' ? '' : `/${prefixLength(length)}`;
  const inBrackets = first.replace(/^\[(.*)\]$/, '$1');
  if (/^[\d.]+(\.[*x]+)*\.?$/i.test(first)) return ipv4(first, bits);
  const ipv4InIpv6 = isIPv6(inBrackets) ? withoutMapping(inBrackets, bits) : undefined;
  if (isIPv6(inBrackets)) return [ipv4InIpv6 ?? inBrackets + bits];
  // 2001:db8: or 2001:db8::*, the beginning of addresses.
  const groups = first.replace(/:*\*?$/, '').split(':');
  const beginning = `${groups.join(':')}::`;
  const isBeginning = groups.length > 1 && groups.length < 8 && isIPv6(beginning);
  return isBeginning && bits === '' ? [`${beginning}/${groups.length * 16}`] : [];
}

/** Reads `10`, `10.1/16`, `192.0.2.`, `192.0.2.*`, `192.0.2.03` as addresses and networks. */
function ipv4(text: string, bits: string): string[] {
  const parts = text
    .split('.')
    .filter((part) => part !== '' && !/[*x]/i.test(part))
    .map(Number);
  const missing = 4 - parts.length;
  if (missing < 0 || missing > 3) return [];
  const address = [...parts, ...new Array<number>(missing).fill(0)].join('.');
  if (!isIPv4(address)) return [];
  return [address + (missing > 0 && bits === '' ? `/${parts.length * 8}` : bits)];
}

/**
 * Converts IPv4 inside IPv6 (`::ffff:192.0.2.1`, `::192.0.2.1`): mail servers write such an address as IPv4.
 */
function withoutMapping(text: string, bits: string): string | undefined {
  const network = parseNetwork(text + bits);
  if (network === undefined || !holdsIpv4Only(network)) return undefined;
  const { address, prefixLength } = network;
  const ipv4Address = formatAddress({ family: 4, words: address.words.slice(-2) });
  return ipv4Address + (prefixLength === 128 ? '' : `/${prefixLength - 96}`);
}

/**
 * Tells whether a network is in ::ffff:0:0/96 or ::ffff:0:0:0/96 (IPv4-mapped, -translated), or ::a.b.c.d
 * (-compatible; not ::1 and the like).
 */
export function holdsIpv4Only({ address: { family, words }, prefixLength }: Network): boolean {
  if (family === 4 || prefixLength < 96 || words.slice(0, 4).some((word) => word !== 0)) return false;
  const [, , , , fifth, sixth, seventh] = words;
  if (fifth === 0xffff) return sixth === 0;
  return fifth === 0 && (sixth === 0xffff || (sixth === 0 && seventh !== 0));
}

/** Returns `24` for `24` and for `255.255.255.0`; anything else unchanged. */
function prefixLength(text: string): string {
  if (!isIPv4(text)) return text;
  const binary = text
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
  return /^1*0*$/.test(binary) ? String(binary.lastIndexOf('1') + 1) : text;
}
