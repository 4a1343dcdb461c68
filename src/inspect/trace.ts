/**
 * Traces a request through greyd's own request handler, over a view of the store that saves nothing. The answer is
 * that of a greyd with the same options and records now.
 *
 * Known limits: a running greyd has its whitelists as it last read them, and only it knows how many new triplets
 * of a network there were in this hour (--max-new-per-client).
 */
import type { ClientNames, NameFacts } from '../address/client-name.ts';
import { parseAddress } from '../address/ip.ts';
import { DecisionCounters } from '../decisions/counters.ts';
import type { GreylistRules } from '../greylist/decision.ts';
import type { Key } from '../greylist/keys.ts';
import type { Limits } from '../greylist/limits.ts';
import type { RecordOf } from '../greylist/records.ts';
import { keysOf, type Records } from '../greylist/records-of-visit.ts';
import type { Submission, Visit } from '../greylist/visit.ts';
import type { ActionEntry } from '../log/action-line.ts';
import { showAll } from '../log/disclosure.ts';
import type { Log } from '../log/logger.ts';
import { RequestLog } from '../log/request-log.ts';
import type { RawRequest } from '../policy/attributes.ts';
import { type HandlerSettings, RequestHandler } from '../request-handler.ts';
import type { ReadableStore, RecordsOf, Step } from '../store/store.ts';
import { Greylister, recordsByName, type Verdict } from '../store-thread/greylister.ts';
import type { Clock } from '../time/clock.ts';
import type { WhitelistLine } from '../whitelist/whitelist-file.ts';
import type { Whitelists } from '../whitelist/whitelists.ts';

/** The records that a decision was made on, and the decision. */
export interface TracedVisit extends Records {
  readonly visit: Visit;
  /** What the name of the client says. */
  readonly facts: NameFacts;
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
  readonly senderLine: WhitelistLine | 'not on it' | undefined;
  /** The line of the recipient's policy; undefined: it has none of its own. */
  readonly policyLine: WhitelistLine | undefined;
  /** The line of --greylist-clients that matches. */
  readonly greylistedLine: WhitelistLine | undefined;
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
  readonly #clientNames: () => ClientNames;
  #notes = noNotes();
  #request: RawRequest | undefined;

  constructor(settings: HandlerSettings, { whitelists, store, rules, now }: TracerParts) {
    this.#clientNames = () => whitelists.clientNames;
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
        findSender: (sender, isSuspect) => {
          const line = whitelists.findSender(sender, isSuspect);
          this.#notes.senderLine = line ?? (whitelists.sizes.senders > 0 ? 'not on it' : undefined);
          return line;
        },
        findGreylistedClient: (name, client) => {
          const line = whitelists.findGreylistedClient(name, client);
          this.#notes.greylistedLine = line;
          return line;
        },
        findPolicy: (recipient) => {
          const policy = whitelists.findPolicy(recipient);
          this.#notes.policyLine = policy?.line;
          return policy;
        },
        get clientNames() {
          return whitelists.clientNames;
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
    this.#request = request;
    const answer = await this.#handler.answer(request);
    const { failure, ...notes } = this.#notes;
    if (failure !== undefined) throw failure;
    return { answer, ...notes };
  }

  #facts(): NameFacts {
    const { client_name: name = '', client_address: address = '' } = this.#request?.attributes ?? {};
    const client = parseAddress(address);
    if (client === undefined) throw new Error('a request without an address was decided');
    return this.#clientNames().factsOf(name, client);
  }

  async #decide(greylister: Greylister, visit: Visit | Submission): Promise<Verdict> {
    try {
      await greylister.lookForWindows();
      const verdict = await greylister.decide(visit);
      if ('triplet' in visit) {
        const named = keysOf(visit, greylister.recordsInUse(visit.now));
        this.#notes.visited = { ...recordsByName(named, this.#read), visit, facts: this.#facts(), verdict };
      }
      return verdict;
    } catch (error) {
      this.#notes.failure = error;
      throw error;
    }
  }

  /** The records that were read last. */
  #read: readonly (RecordOf<Key> | undefined)[] = [];

  /** Returns a view of the store: a step decides on its records, and nothing is saved. */
  #viewOf(store: ReadableStore): ConstructorParameters<typeof Greylister>[0] {
    return {
      update: async <const Keys extends readonly Key[], Result>(keys: Keys, step: Step<Keys, Result>) => {
        const before: RecordsOf<Keys> = await store.read(keys);
        this.#read = before;
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
    senderLine: undefined,
    policyLine: undefined,
    greylistedLine: undefined,
    visited: undefined,
    failure: undefined,
  };
}
