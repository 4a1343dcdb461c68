/**
 * Updates of a shared store that are done together: each decides on what is known, and on what those before
 * it want to save, as if it came after them.
 */
import type { Key } from '../greylist/keys.ts';
import { type Comparison, DELETE, NONE } from './redis-script.ts';

/** A key as the server knows it. */
export interface Place {
  readonly kind: Key['kind'];
  readonly key: string;
}

/** An update that waits, or is under way. */
export interface Update {
  readonly places: readonly Place[];
  /** Decides on the texts of its records. @throws what the step throws */
  readonly decide: (before: readonly string[]) => Attempt;
  readonly reject: (error: unknown) => void;
}

/** What an update has decided. */
export interface Attempt extends Pick<Comparison, 'save'> {
  /** To be called when that is done. */
  readonly settle: () => void;
}

/** An attempt that depends on what is in the server. */
export interface OpenAttempt extends Attempt, Comparison {
  readonly update: Update;
}

/**
 * Has updates decide one after the other, each on what those before it want to save. One that neither
 * saves nor depends on such is done.
 * @returns those that are not
 */
export function decideInTurn(updates: readonly Update[], known: ReadonlyMap<string, string>): OpenAttempt[] {
  const wanted = new Map<string, string>();
  return updates.flatMap((update): OpenAttempt[] => {
    const { places, decide, reject } = update;
    const before = places.map(({ key }) => wanted.get(key) ?? known.get(key) ?? NONE);
    let attempt: Attempt;
    try {
      attempt = decide(before);
    } catch (error) {
      reject(error);
      return [];
    }
    const depends = places.some(({ key }) => wanted.has(key));
    const saves = attempt.save.some(({ text }) => text !== NONE);
    if (!saves && !depends) {
      attempt.settle();
      return [];
    }
    for (const [index, { text }] of attempt.save.entries()) {
      if (text !== NONE) wanted.set(places[index]?.key ?? NONE, text === DELETE ? NONE : text);
    }
    return [{ ...attempt, update, keys: places.map(({ key }) => key), before }];
  });
}
