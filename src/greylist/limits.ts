/**
 * How many new triplets are remembered: a flood of them must not fill the disk. Beyond either limit
 * a new triplet is not stored, and so its mail passes: whom we do not remember we must not put off.
 * Whoever is known already is greylisted as ever.
 *
 * Known limit: new triplets per network and hour are counted in memory, from 0 at each full hour and
 * each start.
 */

export interface Limits {
  /** Triplets that may be stored at a time; 0: any number. */
  readonly maxTriplets: number;
  /** New triplets of one client network in an hour; 0: any number. */
  readonly maxNewPerClient: number;
}

export interface LimitVerdict {
  readonly action: 'pass';
  readonly reason: 'over --max-triplets' | 'over --max-new-per-client';
}

/** Networks that are counted at a time. Beyond it others are not counted, and so not limited by it. */
export const MAX_COUNTED_NETWORKS = 100_000;

const HOUR = 3600;

export class NewTriplets {
  readonly #limits: Limits;
  readonly #ofNetwork = new Map<string, number>();
  /** The hour that is counted, since 1970. */
  #hour = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Counts one more, unless that is over a limit.
   * @param stored how many triplets are stored; undefined: that is bounded elsewhere
   * @param now Unix seconds
   * @returns what to answer if it is over a limit
   */
  admit(network: string, stored: number | undefined, now: number): LimitVerdict | undefined {
    const { maxTriplets, maxNewPerClient } = this.#limits;
    if (maxTriplets > 0 && stored !== undefined && stored >= maxTriplets)
      return { action: 'pass', reason: 'over --max-triplets' };
    if (maxNewPerClient === 0) return undefined;

    const hour = Math.floor(now / HOUR);
    if (hour !== this.#hour) this.#ofNetwork.clear();
    this.#hour = hour;
    const count = this.#ofNetwork.get(network) ?? 0;
    if (count >= maxNewPerClient) return { action: 'pass', reason: 'over --max-new-per-client' };
    if (count > 0 || this.#ofNetwork.size < MAX_COUNTED_NETWORKS) this.#ofNetwork.set(network, count + 1);
    return undefined;
  }
}
