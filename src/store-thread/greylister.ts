/**
 * Greylisting as a whole: the rule and its limits, over the records of a store. The daemon reaches it
 * through a circuit breaker, which bounds the time of an answer, and a thread, which waits for the disk.
 */
import { decide, type GreylistRules, type RuleVerdict } from '../greylist/decision.ts';
import { ANY_WINDOW, type Key } from '../greylist/keys.ts';
import { type Limits, type LimitVerdict, NewTriplets } from '../greylist/limits.ts';
import type { RecordOf } from '../greylist/records.ts';
import {
  keysOf,
  type NamedKey,
  type RecordName,
  type Records,
  type RecordsInUse,
} from '../greylist/records-of-visit.ts';
import { correspondentKeys, recordSubmission, type SubmissionVerdict } from '../greylist/submission.ts';
import type { Submission, Visit } from '../greylist/visit.ts';
import type { RecordStore } from '../store/store.ts';
import type { UnixSeconds } from '../time/clock.ts';

export type Verdict = RuleVerdict | LimitVerdict | SubmissionVerdict;

export interface Greylisting {
  /**
   * Decides about a visit or notes a submission, and settles when that is durable.
   * @throws (rejects) if it could not be stored: then nobody may be deferred
   */
  decide(visit: Visit | Submission): Promise<Verdict>;

  /**
   * Settles when the store is open and accepts writes.
   * @throws (rejects) with what is wrong with it
   */
  check(): Promise<void>;
}

export class Greylister implements Greylisting {
  readonly #store: RecordStore;
  readonly #rules: GreylistRules;
  readonly #newTriplets: NewTriplets;
  /** The time until which a window is open for some recipient, as far as known. */
  #windowsUntil: UnixSeconds = 0;

  constructor(store: RecordStore, rules: GreylistRules & Limits) {
    this.#store = store;
    this.#rules = rules;
    this.#newTriplets = new NewTriplets(rules);
  }

  decide(visit: Visit | Submission): Promise<Verdict> {
    return 'user' in visit ? this.#record(visit) : this.#decide(visit);
  }

  /** Returns which records a visit now makes use of. */
  recordsInUse(now: UnixSeconds): RecordsInUse {
    const { autoWhitelistAfter, autoWhitelistFarmsAfter } = this.#rules;
    return {
      farms: autoWhitelistAfter > 0 && autoWhitelistFarmsAfter > 0,
      windows: now <= this.#windowsUntil,
    };
  }

  /**
   * Looks whether a window is open for some recipient; called now and then.
   * @throws (rejects) if the store cannot be read
   */
  async lookForWindows(): Promise<void> {
    this.#windowsUntil = await this.#store.update([ANY_WINDOW], ([record]) => ({
      save: [undefined],
      result: record?.last ?? 0,
    }));
  }

  check(): Promise<void> {
    return this.#store.check();
  }

  #decide(visit: Visit): Promise<Verdict> {
    const { triplet, now, terms } = visit;
    const named = keysOf(visit, this.recordsInUse(now));
    const keys = named.map(([, key]) => key);
    // A step may run again after a lost race; its visit is counted only once.
    let admission: { readonly over: LimitVerdict | undefined } | undefined;
    return this.#store.update<readonly Key[], Verdict>(keys, (before, size) => {
      const known = recordsByName(named, before);
      const { verdict, save } = decide(known, this.#rules, now, terms);
      const isNew = (name: 'triplet' | 'pool') => known[name] === undefined && save[name] !== undefined;
      if (isNew('triplet') || isNew('pool')) {
        admission ??= { over: this.#newTriplets.admit(triplet.clientNetwork, size.triplets, now) };
        if (admission.over !== undefined) {
          const passesAnyway = verdict.action === 'pass' && verdict.reason !== 'triplet found';
          return { result: passesAnyway ? verdict : admission.over, save: [] };
        }
      }
      return { result: verdict, save: named.map(([name]) => save[name]) };
    });
  }

  #record(submission: Submission): Promise<Verdict> {
    const keys = correspondentKeys(submission);
    return this.#store.update<typeof keys, Verdict>(keys, (known) => {
      const { verdict, save } = recordSubmission(known, submission.now);
      return { result: verdict, save: [save[0], save[1]] };
    });
  }
}

/** @param before in the order of the keys */
export function recordsByName(
  named: readonly NamedKey[],
  before: readonly (RecordOf<Key> | undefined)[],
): Records {
  // Each is of the kind of its key.
  const records: Partial<Record<RecordName, RecordOf<Key> | undefined>> = {};
  for (const [index, [name]] of named.entries()) records[name] = before[index];
  return records as Records;
}
