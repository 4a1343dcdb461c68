/**
 * Counts of what greyd decided since it started.
 */
export interface DecisionTotal {
  readonly action: string;
  readonly reason: string;
  readonly count: number;
}

export class DecisionCounters {
  readonly #byReason = new Map<string, number>();

  count(action: string, reason: string): void {
    const name = `${action} (${reason})`;
    this.#byReason.set(name, (this.#byReason.get(name) ?? 0) + 1);
  }

  /** One for each action and reason that there was. */
  get totals(): DecisionTotal[] {
    return [...this.#byReason].map(([name, count]) => {
      const [action = '', reason = ''] = name.slice(0, -1).split(' (');
      return { action, reason, count };
    });
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
