/**
 * Counts of greyd's decisions since its start, and which of them are not saved yet.
 */
import type { UnixSeconds } from '../time/clock.ts';
import { HOUR } from '../time/units.ts';
import type { Action, ReasonFor } from './reasons.ts';

/** The count of a decision since the start. */
export interface DecisionTotal {
  readonly action: Action;
  readonly reason: string;
  readonly count: number;
}

/** The count of a decision in an hour. */
export interface DecisionCount {
  /** The start of the hour, in Unix seconds. */
  readonly hour: UnixSeconds;
  readonly action: string;
  readonly reason: string;
  /** How long a triplet waited that passed for the first time, in seconds to two digits; 0: all others. */
  readonly waited: number;
  readonly count: number;
}

interface Total extends DecisionTotal {
  count: number;
  /** How many of these `takeUnsaved` has returned. */
  taken: number;
}

export class DecisionCounters {
  readonly #totals = new Map<string, Total>();
  /** Waits that `takeUnsaved` has not returned: by action, reason and wait. */
  #waited = new Map<string, DecisionCount>();

  /** @param waited seconds that a triplet waited that passes for the first time */
  count<Of extends Action>(action: Of, reason: ReasonFor<Of>, waited?: number): void {
    const name = `${action} (${reason})`;
    const total = this.#totals.get(name);
    if (total === undefined) this.#totals.set(name, { action, reason, count: 1, taken: 0 });
    else total.count += 1;
    if (waited !== undefined) this.#countWait(action, reason, waited);
  }

  /** The counts, one for each action and reason that occurred. */
  get totals(): DecisionTotal[] {
    return [...this.#totals.values()].map(({ action, reason, count }) => ({ action, reason, count }));
  }

  /** Returns one line for the log: `3 requests: 2 greylist (new), 1 pass (client whitelist)`. */
  summary(): string {
    const totals = [...this.#totals];
    const all = totals.reduce((sum, [, { count }]) => sum + count, 0);
    return [
      `${all} ${all === 1 ? 'request' : 'requests'}`,
      totals.map(([name, { count }]) => `${count} ${name}`).join(', '),
    ]
      .filter(Boolean)
      .join(': ');
  }

  /**
   * Returns the counts since the last call.
   * @param now Unix seconds; the counts belong to the hour of this time
   */
  takeUnsaved(now: UnixSeconds): DecisionCount[] {
    const hour = Math.floor(now / HOUR) * HOUR;
    const waits = [...this.#waited.values()].map((wait) => ({ ...wait, hour }));
    this.#waited = new Map();
    const others = [...this.#totals.values()].map((total) => {
      const { action, reason, count, taken } = total;
      total.taken = count;
      const ofWaits = waits
        .filter((wait) => wait.action === action && wait.reason === reason)
        .reduce((sum, wait) => sum + wait.count, 0);
      return { hour, action, reason, waited: 0, count: count - taken - ofWaits };
    });
    return [...others, ...waits].filter(({ count }) => count > 0);
  }

  #countWait(action: string, reason: string, seconds: number): void {
    const waited = roundedToTwoDigits(seconds);
    const name = `${action} ${reason} ${waited}`;
    const count = (this.#waited.get(name)?.count ?? 0) + 1;
    this.#waited.set(name, { hour: 0, action, reason, waited, count });
  }
}

/** Rounds 317 to 320, 86412 to 86000: good enough for a median, and few different values. */
function roundedToTwoDigits(seconds: number): number {
  return Math.max(1, Number(seconds.toPrecision(2)));
}
