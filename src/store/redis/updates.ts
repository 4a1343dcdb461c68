/**
 * Updates of a shared store that are done together: each decides on the known records, and on what those before
 * it want to save, as if it came after them.
 */
import type { Key } from '../../greylist/keys.ts';
import { laterText } from './keys.ts';
import { type Comparison, DELETE, NONE } from './script.ts';

/** A key as the server knows it. */
export interface RedisPlace {
  readonly kind: Key['kind'];
  readonly key: string;
  /** Where its record may stand from before all were in one slot. */
  readonly former: string | undefined;
}

/** A waiting or running update. */
export interface Update {
  readonly places: readonly RedisPlace[];
  /** Decides on the texts of its records. @throws what the step throws */
  readonly decide: (before: readonly string[]) => Attempt;
  readonly reject: (error: unknown) => void;
}

/** The decision of an update. */
export interface Attempt extends Pick<Comparison, 'save'> {
  /** Called when it is saved. */
  readonly settle: () => void;
}

/** An attempt that depends on records in the server. */
export interface OpenAttempt extends Attempt, Comparison {
  readonly update: Update;
}

/**
 * Lets updates decide one after the other, each on what those before it want to save. An update that neither
 * saves nor depends on one that does is done.
 * @returns those that are not
 */
export function decideInTurn(updates: readonly Update[], known: ReadonlyMap<string, string>): OpenAttempt[] {
  const wanted = new Map<string, string>();
  return updates.flatMap((update): OpenAttempt[] => {
    const { places, decide, reject } = update;
    const before = places.map(({ key }) => wanted.get(key) ?? known.get(key) ?? NONE);
    let attempt: Attempt;
    try {
      attempt = decide(
        places.map(({ key, former }, index) => {
          const own = before[index] ?? NONE;
          return former === undefined || wanted.has(key) ? own : laterText(own, known.get(former) ?? NONE);
        }),
      );
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
