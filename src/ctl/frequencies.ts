/**
 * How often things occur, for those that occur most, in bounded memory (Misra and Gries, 1982): beyond MAX_COUNTED
 * different ones, each count is made one smaller and those at 0 are forgotten, until half of them are left. So a
 * count is too low by at most `error`, and whatever occurs more often than that is there.
 */

/** Different ones that are counted at a time. */
const MAX_COUNTED = 100_000;

export interface Frequency {
  count: number;
  /** Of these, how many had some mark. */
  marked: number;
}

export class Frequencies {
  /** By how much a count may be too low. */
  error = 0;
  readonly #counts = new Map<string, Frequency>();
  readonly #limit: number;

  constructor(limit = MAX_COUNTED) {
    this.#limit = limit;
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

  /** In the order in which they came. */
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
