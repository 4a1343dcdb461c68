/**
 * Asks greyd's own request handler about a request, over a view of the store that saves nothing, and notes what
 * it looks at on its way. What comes out is what a greyd with the same options and records answers now.
 *
 * Known limits: a greyd that runs has its whitelists as they were when it read them last; and it alone knows how
 * many new triplets of a network (--max-new-per-client) there were in this hour.
 */
import type { GreylistRules } from '../greylist/decision.ts';
import type { Key } from '../greylist/keys.ts';
import type { Limits } from '../greylist/limits.ts';
import type { ClientRecord, TripletRecord } from '../greylist/records.ts';
import { Greylister, type Judgement, type Visit } from '../greylister/greylister.ts';
import type { ActionEntry } from '../log/action-line.ts';
import { showAll } from '../log/disclosure.ts';
import type { Log } from '../log/logger.ts';
import { RequestLog } from '../log/request-log.ts';
import { DecisionCounters } from '../metrics/counters.ts';
import type { RawRequest } from '../policy/attributes.ts';
import { type HandlerSettings, RequestHandler } from '../request-handler.ts';
import type { ReadableStore, RecordsOf, Step } from '../store/store.ts';
import type { WhitelistLine } from '../whitelist/whitelist-file.ts';
import type { Whitelists } from '../whitelist/whitelists.ts';

/** The records of a visit, and what was made of them. */
export interface Examined {
  readonly visit: Visit;
  readonly triplet: TripletRecord | undefined;
  readonly client: ClientRecord | undefined;
  readonly judgement: Judgement;
}

export interface Examination {
  /** undefined: the connection is closed without an answer. */
  readonly answer: string | undefined;
  /** What the log would say of it; undefined: nothing was decided, see the remarks. */
  readonly entry: ActionEntry | undefined;
  /** Other lines that the log would have. */
  readonly remarks: readonly string[];
  /** The lists that were asked, and the line by which the request is on one. */
  readonly clientLine: WhitelistLine | 'not on it' | undefined;
  readonly recipientLine: WhitelistLine | 'not on it' | undefined;
  /** undefined: it did not come to that. */
  readonly examined: Examined | undefined;
}

export interface ExaminerParts {
  readonly whitelists: Whitelists;
  readonly store: ReadableStore;
  readonly rules: GreylistRules & Limits;
  /** Unix time. */
  readonly clock: () => number;
}

type Findings = { -readonly [Name in keyof Omit<Examination, 'answer'>]: Examination[Name] } & {
  remarks: string[];
  failure: unknown;
};

export class Examiner {
  readonly #handler: RequestHandler;
  #findings = noFindings();

  constructor(settings: HandlerSettings, { whitelists, store, rules, clock }: ExaminerParts) {
    const greylister = new Greylister(this.#viewOf(store), rules);
    this.#handler = new RequestHandler(settings, {
      whitelists: {
        findClient: (name, client) => {
          const line = whitelists.findClient(name, client);
          this.#findings.clientLine = line ?? 'not on it';
          return line;
        },
        findRecipient: (recipient) => {
          const line = whitelists.findRecipient(recipient);
          this.#findings.recipientLine = line ?? 'not on it';
          return line;
        },
      },
      greylisting: { judge: (visit) => this.#judge(greylister, visit) },
      log: new RequestLog(this.#log(), showAll, () => 0),
      counters: new DecisionCounters(),
      clock,
    });
  }

  /**
   * One request at a time.
   * @throws (rejects) if the store cannot be read
   */
  async examine(request: RawRequest): Promise<Examination> {
    this.#findings = noFindings();
    const answer = await this.#handler.answer(request);
    const { failure, ...findings } = this.#findings;
    if (failure !== undefined) throw failure;
    return { answer, ...findings };
  }

  async #judge(greylister: Greylister, visit: Visit): Promise<Judgement> {
    try {
      const judgement = await greylister.judge(visit);
      this.#findings.examined = { ...this.#records, visit, judgement };
      return judgement;
    } catch (error) {
      this.#findings.failure = error;
      throw error;
    }
  }

  /** Of the visit under way. */
  #records: Pick<Examined, 'triplet' | 'client'> = { triplet: undefined, client: undefined };

  /** Has a step decide on what is there, and saves nothing. */
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
    const remark = (text: string) => void this.#findings.remarks.push(text);
    return {
      debug: () => {},
      action: (entry) => {
        this.#findings.entry = entry;
      },
      notice: remark,
      warn: remark,
      error: remark,
    };
  }
}

function noFindings(): Findings {
  return {
    entry: undefined,
    remarks: [],
    clientLine: undefined,
    recipientLine: undefined,
    examined: undefined,
    failure: undefined,
  };
}
