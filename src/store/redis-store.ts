/**
 * The shared store: records in Valkey or Redis, for several greyds at a time.
 *
 * Updates that wait together are done together: their records are read in one command; each update
 * decides, and sees what those before it want to save; then a script saves, update by update, but only
 * where the records are still what the decision was made of (compare and set). Those that have lost such a
 * race decide once more on what the script has found. So the rule itself stays with the caller.
 *
 * What is expired the server deletes by itself, CLOCK_SLACK seconds later than it counts as such. How much
 * is stored is bounded by its maxmemory: beyond it nothing is saved, and the caller is told.
 *
 * Known limits: the keys of one update must have one address in common (see redis-keys). A server answers
 * before its disk has what was saved, see --store-replicas.
 */
import type { Key } from '../greylist/keys.ts';
import type { ClientRecord, TripletRecord } from '../greylist/records.ts';
import type { DecisionCount } from '../metrics/counters.ts';
import type { RedisCommand } from './redis-client.ts';
import type { RedisConnection } from './redis-connection.ts';
import { addDecisions, readDecisions } from './redis-decisions.ts';
import {
  isRecordText,
  keyPattern,
  plainKeyText,
  privateKeyText,
  readKeyText,
  readRecordText,
  recordText,
} from './redis-keys.ts';
import { compareAndSet, DELETE, NONE, readAnswer } from './redis-script.ts';
import { type Attempt, decideInTurn, type OpenAttempt, type Place, type Update } from './redis-updates.ts';
import type { Entry, RecordsOf, Step, StepOutcome, Store, StoreSize } from './store.ts';

/** Of one command; a script of so many keeps the server for a few milliseconds. */
const MAX_UPDATES = 500;
/** How often an update decides at most; others must have changed the same record each time before. */
const MAX_TRIES = 20;
/** Seconds; hosts that share a store may differ so much in what time it is. */
const CLOCK_SLACK = 60;
/** How long what a check has saved stays, in seconds. */
const CHECK_LIFETIME = 60;

export interface RedisStoreSettings {
  /** Before all keys. */
  readonly prefix: string;
  /** Whether records are kept under digests of their keys. */
  readonly privacy: boolean | undefined;
  readonly digest: (key: Key) => Buffer;
  /** Seconds after its `last` for which a record counts. */
  readonly lifetimeOf: (record: TripletRecord | ClientRecord) => number;
  /** Of the primary's replicas, how many must have what is saved; 0: that is not looked at. */
  readonly replicas: number;
  /** How long they have for that, in milliseconds. */
  readonly replicasTimeoutMs: number;
}

export class RedisStore implements Store {
  readonly privacy: boolean | undefined;
  /** The server knows only how many keys it has, of whatever kind. */
  readonly size: StoreSize = { triplets: undefined };
  readonly #connection: RedisConnection;
  readonly #settings: RedisStoreSettings;
  /** What waits, by lanes; in each lane one command after the other is under way. */
  readonly #lanes = new Map<string, Update[]>();
  /** What is under way, for the end. */
  readonly #running = new Set<Promise<void>>();

  constructor(connection: RedisConnection, settings: RedisStoreSettings) {
    this.#connection = connection;
    this.#settings = settings;
    this.privacy = settings.privacy;
  }

  update<const Keys extends readonly Key[], Result>(keys: Keys, step: Step<Keys, Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const places = keys.map((key) => this.#placeOf(key));
      const decide = (before: readonly string[]): Attempt => {
        const records = places.map(({ kind }, index) => readRecordText(kind, before[index] ?? NONE));
        const outcome: StepOutcome<Keys, Result> = step(records as unknown as RecordsOf<Keys>, this.size);
        return {
          save: places.map((_, index) => this.#toSave(outcome.save[index])),
          settle: () => resolve(outcome.result),
        };
      };
      this.#add({ places, decide, reject });
    });
  }

  async check(): Promise<void> {
    const key = `${this.#settings.prefix}check`;
    await this.#send(key, ['SET', key, 'greyd can save', 'EX', String(CHECK_LIFETIME)]);
  }

  async read<const Keys extends readonly Key[]>(keys: Keys): Promise<RecordsOf<Keys>> {
    const places = keys.map((key) => this.#placeOf(key));
    const texts = await this.#readTexts(places.map(({ key }) => key));
    const records = places.map(({ kind, key }) => readRecordText(kind, texts.get(key) ?? NONE));
    return records as unknown as RecordsOf<Keys>;
  }

  async *entries(kind: Key['kind']): AsyncGenerator<readonly Entry[], void> {
    const { prefix } = this.#settings;
    for await (const names of this.#connection.keys(keyPattern(prefix, kind))) {
      const readable = names.flatMap((name) => {
        const key = readKeyText(name.slice(prefix.length));
        return key?.kind === kind ? [{ name, key }] : [];
      });
      const texts = await this.#readTexts(readable.map(({ name }) => name));
      yield readable.flatMap(({ name, key }): Entry[] => {
        const record = readRecordText(kind, texts.get(name) ?? NONE);
        // It may have expired meanwhile.
        return record === undefined ? [] : [[key, record]];
      });
    }
  }

  async addDecisions(counts: readonly DecisionCount[], forgetBefore: number): Promise<void> {
    await addDecisions(this.#connection, this.#settings.prefix, counts, forgetBefore);
  }

  decisions(): Promise<readonly DecisionCount[]> {
    return readDecisions(this.#connection, this.#settings.prefix);
  }

  async close(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    await this.#connection.close();
  }

  #placeOf(key: Key): Place {
    const { prefix, digest } = this.#settings;
    const { kind } = key;
    const name = this.privacy || 'sha1' in key ? privateKeyText(kind, digest(key)) : plainKeyText(key);
    return { kind, key: prefix + name };
  }

  #toSave(record: TripletRecord | ClientRecord | null | undefined): Attempt['save'][number] {
    if (record === undefined) return { text: NONE, seconds: 0 };
    if (record === null) return { text: DELETE, seconds: 0 };
    return { text: recordText(record), seconds: this.#settings.lifetimeOf(record) + CLOCK_SLACK };
  }

  #add(update: Update): void {
    const name = this.#connection.laneOf(update.places[0]?.key ?? NONE);
    const lane = this.#lanes.get(name);
    if (lane !== undefined) {
      lane.push(update);
      return;
    }
    const begun = [update];
    this.#lanes.set(name, begun);
    const running = this.#run(name, begun).then(() => void this.#running.delete(running));
    this.#running.add(running);
  }

  /** Until nothing waits in the lane. Never rejects. */
  async #run(name: string, lane: Update[]): Promise<void> {
    // What comes in the same turn goes along.
    await undefined;
    while (lane.length > 0) {
      const updates = lane.splice(0, MAX_UPDATES);
      try {
        await this.#runTogether(updates);
      } catch (error) {
        for (const { reject } of updates) reject(error);
      }
    }
    this.#lanes.delete(name);
  }

  /** @throws (rejects) if the server fails; those that are settled by then stay so */
  async #runTogether(updates: readonly Update[]): Promise<void> {
    const known = await this.#readTexts(updates.flatMap(({ places }) => places.map(({ key }) => key)));
    let open = updates;
    for (let tries = 0; open.length > 0; tries += 1) {
      if (tries === MAX_TRIES) throw new Error('others change the same records all the time');
      const attempts = decideInTurn(open, known);
      const found = await this.#save(attempts);
      open = attempts.flatMap(({ update, settle }, index) => {
        const texts = found[index];
        if (texts === undefined) {
          settle();
          return [];
        }
        for (const [place, text] of texts.entries()) known.set(update.places[place]?.key ?? NONE, text);
        return [update];
      });
    }
  }

  /** The texts under these keys; NONE where there is none. */
  async #readTexts(keys: readonly string[]): Promise<Map<string, string>> {
    const lanes = new Map<string, string[]>();
    for (const key of new Set(keys)) {
      const lane = this.#connection.laneOf(key);
      const names = lanes.get(lane);
      if (names === undefined) lanes.set(lane, [key]);
      else names.push(key);
    }
    const texts = new Map<string, string>();
    const read = async (names: readonly string[]) => {
      const [answer] = await this.#connection.send(names[0] ?? NONE, [['MGET', ...names]]);
      if (!Array.isArray(answer)) throw new Error('what --store names speaks no Redis');
      for (const [index, text] of answer.entries()) {
        texts.set(names[index] ?? NONE, isRecordText(text) ? text : NONE);
      }
    };
    await Promise.all([...lanes.values()].map(read));
    return texts;
  }

  /** @returns for each attempt nothing if it is done, or what is there instead of what it was made of */
  async #save(attempts: readonly OpenAttempt[]): Promise<(readonly string[] | undefined)[]> {
    const [first] = attempts;
    if (first === undefined) return [];
    return readAnswer(await this.#send(first.keys[0] ?? NONE, compareAndSet(attempts)));
  }

  /** Sends what saves something, and waits until the replicas have it. @returns the answer */
  async #send(key: string, command: RedisCommand): Promise<unknown> {
    const { replicas, replicasTimeoutMs } = this.#settings;
    if (replicas === 0) return (await this.#connection.send(key, [command]))[0];
    // On the same connection: WAIT is about what was saved there.
    const wait = ['WAIT', String(replicas), String(replicasTimeoutMs)];
    const [answer, have] = await this.#connection.send(key, [command, wait]);
    if (Number(have) < replicas)
      throw new Error(`${have} of ${replicas} replicas have it (--store-replicas)`);
    return answer;
  }
}
