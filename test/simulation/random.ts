/**
 * Random choices of the simulation. Each mail has a stream of its own, so that what one rule answers changes nothing
 * in what another one is asked.
 */
import { randomNumbers } from '../support/random-numbers.ts';

/** Numbers from 0 to 1. */
export type Random = () => number;

/** Returns stream number n of a seed; neighbours in number have nothing in common. */
export function streamOf(seed: number, n: number): Random {
  return randomNumbers(scramble(scramble(seed) ^ n));
}

/** A bijection of the 32-bit numbers. */
function scramble(n: number): number {
  let mixed = Math.imul(n ^ (n >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Returns a whole number below `limit`. */
export function below(limit: number, random: Random): number {
  return Math.min(limit - 1, Math.floor(random() * limit));
}

export function pick<T>(list: readonly T[], random: Random): T {
  const picked = list[below(list.length, random)];
  if (picked === undefined) throw new Error('nothing to pick from');
  return picked;
}

/** Picks a key by its share; the shares need not add up to 1. */
export function pickByShare<K extends string>(shares: Readonly<Record<K, number>>, random: Random): K {
  return pickWeighted(Object.entries(shares) as [K, number][], ([, share]) => share, random)[0];
}

export function pickWeighted<T>(list: readonly T[], weight: (one: T) => number, random: Random): T {
  let left = random() * list.reduce((sum, one) => sum + weight(one), 0);
  for (const one of list) {
    left -= weight(one);
    if (left < 0) return one;
  }
  return pick(list, random);
}

/** Returns so many digits of a base from 2 to 36. */
export function digits(count: number, random: Random, base = 10): string {
  return Array.from({ length: count }, () => below(base, random).toString(base)).join('');
}

/** Returns a pronounceable word without digits, which no rule takes for a number. */
export function word(syllables: number, random: Random): string {
  return Array.from({ length: syllables }, () => pick(CONSONANTS, random) + pick(VOWELS, random)).join('');
}

const CONSONANTS = [...'bdfgklmnprstvz'];
const VOWELS = [...'aeiou'];
