/**
 * How often something took how long: counts below some bounds, as a histogram of Prometheus has them.
 * Plain numbers, because one is noted with each request; they become text only when somebody asks.
 */
export class DurationCounts {
  /** Upper bounds in seconds, ascending. */
  readonly bounds: readonly number[];
  /** Of those up to each bound and above the one before it; the last: above all. */
  readonly #counts: number[];
  /** Seconds. */
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = [...bounds, 0].map(() => 0);
  }

  /** @param seconds from 0 on */
  note(seconds: number): void {
    let at = 0;
    while (seconds > (this.bounds[at] ?? Number.POSITIVE_INFINITY)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.sum += seconds;
  }

  /** For each bound how many were not above it, and last how many there were. */
  get cumulative(): number[] {
    let total = 0;
    return this.#counts.map((count) => {
      total += count;
      return total;
    });
  }
}
