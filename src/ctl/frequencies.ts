/**
 * Counts the most frequent names in bounded memory (Misra and Gries, 1982): beyond MAX_COUNTED different names, each
 * count is lowered by one and names at 0 are dropped, until half of them are left. So a count is too low by at most
 * `error`, and no name that occurs more often than `error` is missing.
 */

/** Different names that are counted at a time. */
const MAX_COUNTED = 100_000;

export interface Frequency {
  count: number;
  /** How many of `count` were marked. */
  marked: number;
}

export class Frequencies {
  /** The most by which a count may be too low. */
  error = 0;
  readonly #counts = new Map<string, Frequency>();
  readonly #limit: number;

  constructor(limit = MAX_COUNTED) {
    this.#limit = limit;
  }

  /** The number of different names that are counted. */
  get size(): number {
    return this.#counts.size;
  }

  add(name: string, isMarked: boolean): void {
    let known = this.#counts.get(name);
    if (known === undefined) {
      if (this.#counts.size >= this.#limit) this.#thinOut();
      known = { count: 0, marked: 0 };
      this.#counts.set(name, known);
    }
    known.count += 1;
    if (isMarked) known.marked += 1;
  }

  /** Returns the counts in the order in which the names came. */
  entries(): Iterable<readonly [name: string, frequency: Frequency]> {
    return this.#counts;
  }

  #thinOut(): void {
    while (this.#counts.size > this.#limit / 2) {
      this.error += 1;
      for (const [name, frequency] of this.#counts) {
        frequency.count -= 1;
        frequency.marked = Math.min(frequency.marked, frequency.count);
        if (frequency.count === 0) this.#counts.delete(name);
      }
    }
  }
}
