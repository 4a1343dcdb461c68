/**
 * The messages seen recently, by Postfix's `instance`. Postfix asks about a message to many recipients once
 * per recipient; it gets one X-Greylist header, not one for each.
 */

/**
 * Maximum number of remembered messages, enough for several thousand connections; beyond it the oldest is
 * forgotten.
 */
export const MAX_INSTANCES = 20_000;

export class RecentInstances {
  /** A Set keeps the order of insertion, so its first element is the oldest. */
  readonly #seen = new Set<string>();

  /** Remembers a message and says whether it is new. One without an instance is always new. */
  isNew(instance: string | undefined): boolean {
    if (instance === undefined) return true;
    if (this.#seen.has(instance)) return false;
    this.#seen.add(instance);
    if (this.#seen.size > MAX_INSTANCES) {
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest);
        break;
      }
    }
    return true;
  }
}
