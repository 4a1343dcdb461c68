/**
 * IP addresses as numbers, and the networks that hold them.
 *
 * An address is its 16-bit words: two for IPv4, eight for IPv6. Every text form of one address
 * (`2001:DB8::1`, `2001:db8:0:0:0:0:0:1`) gives the same words, so one host is one record.
 */
import { isIPv4, isIPv6 } from 'node:net';

export interface IpAddress {
  readonly family: 4 | 6;
  /** 2 (IPv4) or 8 (IPv6) words of 16 bits, in network order. */
  readonly words: readonly number[];
}

const BITS_PER_WORD = 16;
/** The character `0`; the only other character in an IPv4 address, `.`, sorts before it. */
const DIGIT_ZERO = 0x30;

/** Returns the number of bits in an address of this family: 32 or 128. */
export function addressBits(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/**
 * Reads an address in any of its standard text forms, without brackets.
 * A zone (`fe80::1%eth0`) is dropped: it names an interface of this host, not the client.
 * @returns undefined if the text is no address (a name, leading zeros, a port, empty)
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, words: ipv4Words(text) };
  if (isIPv6(text)) return { family: 6, words: ipv6Words(text.replace(/%.*$/, '')) };
  return undefined;
}

/** Returns the network of `prefixLength` bits (0 to 32 or 128) around an address; its host bits are 0. */
export function networkOf(address: IpAddress, prefixLength: number): IpAddress {
  const words = address.words.map((word, index) => {
    const hostBits = Math.min(Math.max((index + 1) * BITS_PER_WORD - prefixLength, 0), BITS_PER_WORD);
    return (word >> hostBits) << hostBits;
  });
  return { family: address.family, words };
}

/** Writes an address in full, in lower case: `192.0.2.1`, `2001:db8:0:0:0:0:0:1`. */
export function formatAddress({ family, words }: IpAddress): string {
  if (family === 6) return words.map((word) => word.toString(16)).join(':');
  const [high = 0, low = 0] = words;
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}

/**
 * Writes an address as inet_ntop(3) does: in IPv6 the longest run of two or more zero words is `::` (RFC 5952).
 */
export function formatShort(address: IpAddress): string {
  const full = formatAddress(address);
  if (address.family === 4) return full;
  const [longest = ''] = (full.match(/(?<![^:])0(?::0)+(?![^:])/g) ?? []).sort((a, b) => b.length - a.length);
  if (longest === '') return full;
  const at = full.search(new RegExp(`(?<![^:])${longest}(?![^:])`));
  return `${full.slice(0, at).replace(/:$/, '')}::${full.slice(at + longest.length).replace(/^:/, '')}`;
}

function ipv4Words(text: string): number[] {
  let address = 0;
  let byte = 0;
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - DIGIT_ZERO;
    if (digit >= 0) {
      byte = byte * 10 + digit;
      continue;
    }
    address = (address << 8) | byte;
    byte = 0;
  }
  return [address >>> 8, ((address & 0xff) << 8) | byte];
}

function ipv6Words(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const left = groupWords(head);
  if (tail === undefined) return left;
  const right = groupWords(tail);
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right];
}

/** Reads colon-separated groups, the last of which may be a dotted IPv4 address, as words. */
function groupWords(text: string): number[] {
  if (text === '') return [];
  return text
    .split(':')
    .flatMap((group) => (group.includes('.') ? ipv4Words(group) : Number.parseInt(group, 16)));
}
