/**
 * Keeps the highest of many items, in bounded memory.
 */

interface Ranked<Item> {
  readonly item: Item;
  readonly rank: number;
}

export class Ranking<Item> {
  readonly #limit: number;
  #ranked: Ranked<Item>[] = [];
  /** The rank that an item must exceed to be kept. */
  #lowest = Number.NEGATIVE_INFINITY;
  /** More items came than the limit. */
  isCut = false;

  /** @param limit how many are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(item: Item, rank: number): void {
    if (rank <= this.#lowest) {
      this.isCut = true;
      return;
    }
    this.#ranked.push({ item, rank });
    if (this.#ranked.length >= 2 * this.#limit) this.#cut();
  }

  /** Returns the items from the highest on; those of the same rank in the order in which they came. */
  items(): Item[] {
    this.#cut();
    return this.#ranked.toSorted((a, b) => b.rank - a.rank).map(({ item }) => item);
  }

  /** Drops all but the highest, and keeps their order. Numbers alone are sorted several times as fast as objects. */
  #cut(): void {
    if (this.#ranked.length <= this.#limit) return;
    const ascending = Float64Array.from(this.#ranked, ({ rank }) => rank).sort();
    const lowest = ascending[ascending.length - this.#limit] ?? this.#lowest;
    let equals = this.#limit - this.#ranked.filter(({ rank }) => rank > lowest).length;
    this.#ranked = this.#ranked.filter(({ rank }) => {
      if (rank === lowest) equals -= 1;
      return rank > lowest || (rank === lowest && equals >= 0);
    });
    this.#lowest = lowest;
    this.isCut = true;
  }
}
