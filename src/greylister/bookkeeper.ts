/**
 * Saves counts of decisions, once a minute and at the end. No mail waits for that. What could not be saved is tried
 * again with what has come meanwhile; what was counted in the last minute is lost with a greyd that is killed.
 */
import type { DecisionCount } from '../metrics/counters.ts';

const INTERVAL_MS = 60_000;

/** Beyond so many that could not be saved, the oldest are given up: an hour has up to a hundred. */
const MAX_UNSAVED = 2000;

export interface BookkeeperParts {
  /** What was counted since the last time. @param now Unix seconds */
  readonly take: (now: number) => DecisionCount[];
  /** @param forgetBefore Unix seconds @throws (rejects) if it could not be saved */
  readonly save: (counts: readonly DecisionCount[], forgetBefore: number) => Promise<void>;
  /** While it does not work, nothing is tried: those whose mail waits for it tell of that. */
  readonly storeWorks: () => boolean;
  /** Is told once if it works and counts cannot be saved. */
  readonly warn: (text: string) => void;
  /** Unix seconds. */
  readonly clock: () => number;
  /** For how long they are kept, in seconds. */
  readonly maxAge: number;
}

export class Bookkeeper {
  readonly #parts: BookkeeperParts;
  readonly #timer: NodeJS.Timeout;
  #unsaved: DecisionCount[] = [];
  #isFailing = false;
  #saving: Promise<void> | undefined;

  constructor(parts: BookkeeperParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#save(), INTERVAL_MS).unref();
  }

  /** Saves what is left, if that is possible now. Never rejects. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await this.#saving;
    await this.#save();
  }

  /** One time after the other. Never rejects. */
  #save(): Promise<void> {
    this.#saving ??= this.#saveOnce().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #saveOnce(): Promise<void> {
    const { take, save, storeWorks, clock, maxAge } = this.#parts;
    const now = clock();
    const counts = addedUp([...this.#unsaved, ...take(now)]).slice(-MAX_UNSAVED);
    this.#unsaved = counts;
    if (counts.length === 0 || !storeWorks()) return;
    try {
      await save(counts, now - maxAge);
      this.#unsaved = [];
      this.#isFailing = false;
    } catch (error) {
      if (storeWorks()) this.#tellOnce(error);
    }
  }

  #tellOnce(error: unknown): void {
    if (!this.#isFailing)
      this.#parts.warn(`counts of decisions cannot be saved: ${(error as Error).message}`);
    this.#isFailing = true;
  }
}

/** One count for each hour, action, reason and wait. */
function addedUp(counts: readonly DecisionCount[]): DecisionCount[] {
  const sums = new Map<string, DecisionCount>();
  for (const count of counts) {
    const name = [count.hour, count.action, count.reason, count.waited].join('\t');
    sums.set(name, { ...count, count: count.count + (sums.get(name)?.count ?? 0) });
  }
  return [...sums.values()];
}
