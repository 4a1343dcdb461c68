/**
 * Greylisting as a whole: the rule and its limits, over the records of a store. The daemon reaches it
 * through a circuit breaker, which bounds the time of an answer, and a thread, which waits for the disk.
 */
import { decide, type GreylistRules, type RuleVerdict } from '../greylist/decision.ts';
import type { ClientKey, TripletKey } from '../greylist/keys.ts';
import { type Limits, type LimitVerdict, NewTriplets } from '../greylist/limits.ts';
import type { RecordStore } from '../store/store.ts';
import type { UnixSeconds } from '../time/clock.ts';

/** One attempt of a client to deliver a mail of one sender to one recipient. */
export interface Visit {
  readonly triplet: TripletKey;
  readonly client: ClientKey;
  /** Unix seconds. */
  readonly now: UnixSeconds;
}

export type Verdict = RuleVerdict | LimitVerdict;

export interface Greylisting {
  /**
   * Decides, and settles when the decision is durable.
   * @throws (rejects) if it could not be stored: then nobody may be deferred
   */
  decide(visit: Visit): Promise<Verdict>;

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

  constructor(store: RecordStore, rules: GreylistRules & Limits) {
    this.#store = store;
    this.#rules = rules;
    this.#newTriplets = new NewTriplets(rules);
  }

  decide({ triplet, client, now }: Visit): Promise<Verdict> {
    // A step may run again after a lost race; its visit is counted only once.
    let admission: { readonly over: LimitVerdict | undefined } | undefined;
    const keys = [triplet, client] as const;
    return this.#store.update<typeof keys, Verdict>(keys, ([tripletRecord, clientRecord], size) => {
      const { verdict, save } = decide({ triplet: tripletRecord, client: clientRecord }, this.#rules, now);
      if (tripletRecord === undefined && save.triplet !== undefined) {
        admission ??= { over: this.#newTriplets.admit(triplet.clientNetwork, size.triplets, now) };
        if (admission.over !== undefined) return { result: admission.over, save: [undefined, undefined] };
      }
      return { result: verdict, save: [save.triplet, save.client] };
    });
  }

  check(): Promise<void> {
    return this.#store.check();
  }
}
