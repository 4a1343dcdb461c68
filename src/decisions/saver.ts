/**
 * The decision saver: saves counts of decisions once a minute and at the end. No mail waits for it. Counts that
 * could
 * not be saved are kept and tried again together with newer ones; a greyd that is killed loses those of the
 * last minute.
 */
import { OnceLog } from '../errors/once-log.ts';
import { errorText } from '../errors/text.ts';
import type { Clock, UnixSeconds } from '../time/clock.ts';
import type { DecisionCount } from './counters.ts';

const INTERVAL_MS = 60_000;

/** Maximum number of unsaved counts; beyond it the oldest are dropped. An hour has up to a hundred. */
const MAX_UNSAVED = 2000;

export interface DecisionSaverParts {
  /** Takes the counts since the last call. @param now Unix seconds */
  readonly take: (now: UnixSeconds) => DecisionCount[];
  /** @param forgetBefore Unix seconds @throws (rejects) if the counts could not be saved */
  readonly save: (counts: readonly DecisionCount[], forgetBefore: UnixSeconds) => Promise<void>;
  /** Tells whether the store works. While it does not, nothing is saved: the circuit breaker reports that. */
  readonly storeWorks: () => boolean;
  /** Called once if the store works but counts cannot be saved. */
  readonly warn: (text: string) => void;
  /** Unix seconds. */
  readonly now: Clock['now'];
  /** How long counts are kept, in seconds. */
  readonly maxAge: number;
}

export class DecisionSaver {
  readonly #parts: DecisionSaverParts;
  readonly #timer: NodeJS.Timeout;
  #unsaved: DecisionCount[] = [];
  readonly #failing: OnceLog;
  #saving: Promise<void> | undefined;

  constructor(parts: DecisionSaverParts) {
    this.#parts = parts;
    this.#failing = new OnceLog({ begin: 'cannot save counts of decisions: ' }, parts.warn);
    this.#timer = setInterval(() => void this.#save(), INTERVAL_MS).unref();
  }

  /** Saves the remaining counts if the store works. Never rejects. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await this.#saving;
    await this.#save();
  }

  /** Saves, or joins the save under way. Never rejects. */
  #save(): Promise<void> {
    this.#saving ??= this.#saveOnce().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #saveOnce(): Promise<void> {
    const { take, save, storeWorks, maxAge } = this.#parts;
    const now = this.#parts.now();
    const counts = addedUp([...this.#unsaved, ...take(now)]).slice(-MAX_UNSAVED);
    this.#unsaved = counts;
    if (counts.length === 0 || !storeWorks()) return;
    try {
      await save(counts, now - maxAge);
      this.#unsaved = [];
      this.#failing.over();
    } catch (error) {
      if (storeWorks()) this.#failing.note(errorText(error));
    }
  }
}

/** Adds counts up to one for each hour, action, reason and wait. */
function addedUp(counts: readonly DecisionCount[]): DecisionCount[] {
  const sums = new Map<string, DecisionCount>();
  for (const count of counts) {
    const name = [count.hour, count.action, count.reason, count.waited].join('\t');
    sums.set(name, { ...count, count: count.count + (sums.get(name)?.count ?? 0) });
  }
  return [...sums.values()];
}
