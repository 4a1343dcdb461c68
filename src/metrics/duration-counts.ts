/**
 * Counts of durations below some bounds, for a Prometheus histogram.
 * Plain numbers, because each request adds one; they become text only when a page is read.
 */
export class DurationCounts {
  /** Upper bounds in seconds, ascending. */
  readonly bounds: readonly number[];
  /** Counts of durations up to each bound and above the one before it; the last: above all bounds. */
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

  /** For each bound the number of durations not above it, and last the number of all. */
  get cumulative(): number[] {
    let total = 0;
    return this.#counts.map((count) => {
      total += count;
      return total;
    });
  }
}
