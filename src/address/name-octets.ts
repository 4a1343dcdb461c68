/**
 * How much of a client's address stands in its name: names that are made of addresses are those of lines and of
 * machines that nobody has named.
 *
 *   host-203-0-113-7   7.113.0.203   203x000x113x007   113-7   f1137   cb007107   07.71.00cb
 *
 * Octets stand in a row, in either order: decimal, with or without zeros before them, with anything or nothing between
 * them, each row from the start of a number to the end of one; or as two hex digits each, with dots, hyphens or nothing
 * between. Two octets are the first or the last two: the middle two alone are chance. An IPv6 address counts with its
 * last group alone, as two octets.
 *
 * Known limits: octets glued into one number count only from four digits on, four hex digits only where no others stand
 * beside them, a last group only from 100 (hex) on.
 */
import type { IpAddress } from './ip.ts';

export type OctetCount = 0 | 2 | 3 | 4;

/** Rows of hex digits by the number of octets in them, longest first. */
const ROWS: readonly (readonly [start: number, count: 4 | 3 | 2])[] = [
  [0, 4],
  [0, 3],
  [1, 3],
  [0, 2],
  [2, 2],
];

/** Fewer digits in one number equal glued octets by chance: 12 is also 1.2. */
const FEWEST_GLUED_DIGITS = 4;

/** A smaller last group is also the number of a host, as in mx1. */
const SMALLEST_GROUP = 0x100;

interface WrittenOctet {
  readonly plain: string;
  /** With three digits. */
  readonly padded: string;
  readonly hex: string;
}

/** @param text in lower case */
export function octetsIn(text: string, { family, words }: IpAddress): OctetCount {
  if (!/\d/.test(text)) return 0;
  if (family === 6) {
    const group = words.at(-1) ?? 0;
    return group >= SMALLEST_GROUP && hasAlone(text, group.toString(16)) ? 2 : 0;
  }
  const octets = words.flatMap((word) => [word >> 8, word & 0xff]).map(writtenOctet);
  const backwards = octets.toReversed();
  const numbers = text.match(/\d+/g) ?? [];
  const decimal = Math.max(decimalOctets(numbers, octets), decimalOctets(numbers, backwards));
  const hex = Math.max(hexOctets(text, octets), hexOctets(text, backwards));
  const count = Math.max(decimal, hex);
  return count === 4 || count === 3 || count === 2 ? count : 0;
}

function writtenOctet(octet: number): WrittenOctet {
  const plain = String(octet);
  return { plain, padded: plain.padStart(3, '0'), hex: octet.toString(16).padStart(2, '0') };
}

/** Returns the length of the longest row of octets that fills numbers from the start of one to the end of one. */
function decimalOctets(numbers: readonly string[], octets: readonly WrittenOctet[]): number {
  let longest = 0;
  for (let number = 0; number < numbers.length; number += 1) {
    for (let first = 0; first <= octets.length - 2; first += 1) {
      const count = filledOctets(numbers, number, octets, first);
      if (count > longest && !(count === 2 && first === 1)) longest = count;
    }
  }
  return longest;
}

function filledOctets(
  numbers: readonly string[],
  firstNumber: number,
  octets: readonly WrittenOctet[],
  firstOctet: number,
): number {
  let number = firstNumber;
  let at = 0;
  let filled = 0;
  for (let octet = firstOctet; octet < octets.length; octet += 1) {
    const digits = numbers[number] ?? '';
    const { plain = '', padded = '' } = octets[octet] ?? {};
    if (digits.startsWith(padded, at)) at += padded.length;
    else if (digits.startsWith(plain, at)) at += plain.length;
    else break;
    if (at < digits.length) continue;
    filled = octet - firstOctet + 1;
    number += 1;
    at = 0;
  }
  const isGlued = number === firstNumber + 1 && filled > 1;
  return isGlued && (numbers[firstNumber] ?? '').length < FEWEST_GLUED_DIGITS ? 0 : filled;
}

function hexOctets(text: string, octets: readonly WrittenOctet[]): number {
  const hex = octets.map((octet) => octet.hex).join('');
  const glued = text.replace(/[.-]/g, '');
  for (const [start, count] of ROWS) {
    const row = hex.slice(2 * start, 2 * (start + count));
    if (count === 2 ? hasAlone(text, row) : glued.includes(row)) return count;
  }
  return 0;
}

/** Tells whether hex digits stand in a text without others beside them. */
function hasAlone(text: string, digits: string): boolean {
  for (let at = text.indexOf(digits); at !== -1; at = text.indexOf(digits, at + 1)) {
    if (!isHexDigit(text[at - 1]) && !isHexDigit(text[at + digits.length])) return true;
  }
  return false;
}

function isHexDigit(character: string | undefined): boolean {
  return character !== undefined && /[\da-f]/.test(character);
}
