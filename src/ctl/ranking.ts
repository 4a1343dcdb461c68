/**
 * The highest ones of many, in bounded memory.
 */

interface Ranked<Item> {
  readonly item: Item;
  readonly rank: number;
}

export class Ranking<Item> {
  readonly #limit: number;
  #ranked: Ranked<Item>[] = [];
  /** What ranks no higher is not among them. */
  #lowest = Number.NEGATIVE_INFINITY;
  /** There were more than the limit. */
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

  /** From the highest on; of the same rank, as they came. */
  items(): Item[] {
    this.#cut();
    return this.#ranked.map(({ item }) => item);
  }

  #cut(): void {
    this.#ranked.sort((a, b) => b.rank - a.rank);
    if (this.#ranked.length <= this.#limit) return;
    this.isCut = true;
    this.#ranked = this.#ranked.slice(0, this.#limit);
    this.#lowest = this.#ranked.at(-1)?.rank ?? this.#lowest;
  }
}
