/**
 * Limits on new triplets, so that a flood of them cannot fill the disk. Beyond either limit a new triplet
 * is not stored, and its mail passes: a mail that is not remembered must not be deferred.
 * Known triplets are greylisted as usual.
 *
 * Known limit: new triplets per network and hour are counted in memory, from 0 at each full hour and
 * each start.
 */
import type { UnixSeconds } from '../time/clock.ts';
import { HOUR } from '../time/units.ts';

export interface Limits {
  /** Maximum number of stored triplets; 0: no limit. */
  readonly maxTriplets: number;
  /** New triplets per client network and hour; 0: no limit. */
  readonly maxNewPerClient: number;
}

export interface LimitVerdict {
  readonly action: 'pass';
  readonly reason: 'over --max-triplets' | 'over --max-new-per-client';
}

/**
 * Maximum number of networks counted at a time. Beyond it further networks are not counted, and so not limited.
 */
export const MAX_COUNTED_NETWORKS = 100_000;

export class NewTriplets {
  readonly #limits: Limits;
  readonly #ofNetwork = new Map<string, number>();
  /** The hour that is counted, in hours since 1970. */
  #hour = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Counts a new triplet, unless that is over a limit.
   * @param stored number of stored triplets; undefined: the store has a bound of its own
   * @param now Unix seconds
   * @returns the verdict if it is over a limit
   */
  admit(network: string, stored: number | undefined, now: UnixSeconds): LimitVerdict | undefined {
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
