/**
 * Ranges of addresses as people write them, and the networks that make up one:
 *
 *   192.0.2.1-192.0.2.9   192.0.2.1-9   192.0.2.[1-9]   2001:db8::1-2001:db8::9
 */
import { addressBits, formatAddress, type IpAddress, parseAddress } from './ip.ts';

/** The first and the last address of a range. */
export type AddressRange = readonly [first: IpAddress, last: IpAddress];

const WORD_BITS = 16n;

/** @returns undefined if the text is no range, or a range that ends before it begins */
export function parseRange(text: string): AddressRange | undefined {
  const [, start = '', from = '', to = ''] = /^((?:\d+\.){3})[[{(]?(\d+)-(\d+)[\]})]?$/.exec(text) ?? [];
  const [firstText = '', lastText = ''] = start === '' ? text.split('-') : [start + from, start + to];
  const [first, last] = [parseAddress(firstText), parseAddress(lastText)];
  if (first === undefined || last === undefined || first.family !== last.family) return undefined;
  return toNumber(first) <= toNumber(last) ? [first, last] : undefined;
}

/**
 * Returns the fewest networks that hold exactly the addresses of the range, in order; at most `max` of them.
 */
export function networksBetween([first, last]: AddressRange, max: number): string[] {
  const { family } = first;
  const bits = addressBits(family);
  const end = toNumber(last);
  const networks: string[] = [];
  for (let start = toNumber(first); start <= end && networks.length < max; ) {
    let hostBits = 0n;
    while (hostBits < bits && isNetwork(start, hostBits + 1n, end)) hostBits += 1n;
    const address = formatAddress(toAddress(family, start));
    networks.push(hostBits === 0n ? address : `${address}/${BigInt(bits) - hostBits}`);
    start += 1n << hostBits;
  }
  return networks;
}

/** Tells whether a network of so many host bits begins at `start`, and ends at `end` at the latest. */
function isNetwork(start: bigint, hostBits: bigint, end: bigint): boolean {
  const size = 1n << hostBits;
  return start % size === 0n && start + size - 1n <= end;
}

function toNumber({ words }: IpAddress): bigint {
  return words.reduce((number, word) => (number << WORD_BITS) | BigInt(word), 0n);
}

function toAddress(family: 4 | 6, number: bigint): IpAddress {
  const count = addressBits(family) / Number(WORD_BITS);
  const words = Array.from({ length: count }, (_, index) =>
    Number((number >> (WORD_BITS * BigInt(count - 1 - index))) & 0xffffn),
  );
  return { family, words };
}
