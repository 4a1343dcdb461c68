/**
 * Traces a request through greyd's own request handler, over a view of the store that saves nothing. The answer is
 * that of a greyd with the same options and records now.
 *
 * Known limits: a running greyd has its whitelists as it last read them, and only it knows how many new triplets
 * of a network there were in this hour (--max-new-per-client).
 */
import { DecisionCounters } from '../decisions/counters.ts';
import type { GreylistRules } from '../greylist/decision.ts';
import type { Key } from '../greylist/keys.ts';
import type { Limits } from '../greylist/limits.ts';
import type { ClientRecord, TripletRecord } from '../greylist/records.ts';
import type { ActionEntry } from '../log/action-line.ts';
import { showAll } from '../log/disclosure.ts';
import type { Log } from '../log/logger.ts';
import { RequestLog } from '../log/request-log.ts';
import type { RawRequest } from '../policy/attributes.ts';
import { type HandlerSettings, RequestHandler } from '../request-handler.ts';
import type { ReadableStore, RecordsOf, Step } from '../store/store.ts';
import { Greylister, type Verdict, type Visit } from '../store-thread/greylister.ts';
import type { Clock } from '../time/clock.ts';
import type { WhitelistLine } from '../whitelist/whitelist-file.ts';
import type { Whitelists } from '../whitelist/whitelists.ts';

/** The records that a decision was made on, and the decision. */
export interface TracedVisit {
  readonly visit: Visit;
  readonly triplet: TripletRecord | undefined;
  readonly client: ClientRecord | undefined;
  readonly verdict: Verdict;
}

export interface Trace {
  /** undefined: the connection is closed without an answer. */
  readonly answer: string | undefined;
  /** The line that greyd would log; undefined: nothing was decided, see the remarks. */
  readonly entry: ActionEntry | undefined;
  /** Other lines that greyd would log. */
  readonly remarks: readonly string[];
  /** The line of each whitelist that matches; undefined: the list was not searched. */
  readonly clientLine: WhitelistLine | 'not on it' | undefined;
  readonly recipientLine: WhitelistLine | 'not on it' | undefined;
  /** undefined: no record was read. */
  readonly visited: TracedVisit | undefined;
}

export interface TracerParts {
  readonly whitelists: Whitelists;
  readonly store: ReadableStore;
  readonly rules: GreylistRules & Limits;
  /** Unix time. */
  readonly now: Clock['now'];
}

type Notes = { -readonly [Name in keyof Omit<Trace, 'answer'>]: Trace[Name] } & {
  remarks: string[];
  failure: unknown;
};

export class Tracer {
  readonly #handler: RequestHandler;
  #notes = noNotes();

  constructor(settings: HandlerSettings, { whitelists, store, rules, now }: TracerParts) {
    const greylister = new Greylister(this.#viewOf(store), rules);
    this.#handler = new RequestHandler(settings, {
      whitelists: {
        findClient: (name, client) => {
          const line = whitelists.findClient(name, client);
          this.#notes.clientLine = line ?? 'not on it';
          return line;
        },
        findRecipient: (recipient) => {
          const line = whitelists.findRecipient(recipient);
          this.#notes.recipientLine = line ?? 'not on it';
          return line;
        },
      },
      greylisting: { decide: (visit) => this.#decide(greylister, visit) },
      log: new RequestLog(this.#log(), showAll, () => 0),
      counters: new DecisionCounters(),
      now,
    });
  }

  /**
   * Traces one request; the next one must wait until it is done.
   * @throws (rejects) if the store cannot be read
   */
  async trace(request: RawRequest): Promise<Trace> {
    this.#notes = noNotes();
    const answer = await this.#handler.answer(request);
    const { failure, ...notes } = this.#notes;
    if (failure !== undefined) throw failure;
    return { answer, ...notes };
  }

  async #decide(greylister: Greylister, visit: Visit): Promise<Verdict> {
    try {
      const verdict = await greylister.decide(visit);
      this.#notes.visited = { ...this.#records, visit, verdict };
      return verdict;
    } catch (error) {
      this.#notes.failure = error;
      throw error;
    }
  }

  /** The records of the request under way. */
  #records: Pick<TracedVisit, 'triplet' | 'client'> = { triplet: undefined, client: undefined };

  /** Returns a view of the store: a step decides on its records, and nothing is saved. */
  #viewOf(store: ReadableStore): ConstructorParameters<typeof Greylister>[0] {
    return {
      update: async <const Keys extends readonly Key[], Result>(keys: Keys, step: Step<Keys, Result>) => {
        const before: RecordsOf<Keys> = await store.read(keys);
        const [triplet, client] = before as unknown as [TripletRecord?, ClientRecord?];
        this.#records = { triplet, client };
        return step(before, store.size).result;
      },
      check: async () => {},
    };
  }

  #log(): Log {
    const remark = (text: string) => void this.#notes.remarks.push(text);
    return {
      debug: () => {},
      action: (entry) => {
        this.#notes.entry = entry;
      },
      notice: remark,
      warn: remark,
      error: remark,
    };
  }
}

function noNotes(): Notes {
  return {
    entry: undefined,
    remarks: [],
    clientLine: undefined,
    recipientLine: undefined,
    visited: undefined,
    failure: undefined,
  };
}
