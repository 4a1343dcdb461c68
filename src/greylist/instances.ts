/**
 * The messages seen of late, by Postfix's `instance`. A message to many recipients is asked about
 * once per recipient and is to get one X-Greylist header, not one for each.
 */

/** Beyond this the oldest is forgotten: enough for several thousand connections at once. */
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
