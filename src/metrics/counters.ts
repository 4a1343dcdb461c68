/**
 * Counts of what greyd decided since it started.
 */
export class DecisionCounters {
  readonly #byReason = new Map<string, number>();

  count(action: string, reason: string): void {
    const name = `${action} (${reason})`;
    this.#byReason.set(name, (this.#byReason.get(name) ?? 0) + 1);
  }

  /** One line for the log: `3 requests: 2 greylist (new), 1 pass (client whitelist)`. */
  summary(): string {
    const counts = [...this.#byReason];
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    return [`${total} requests`, counts.map(([name, count]) => `${count} ${name}`).join(', ')]
      .filter(Boolean)
      .join(': ');
  }
}
