/**
 * The shared store: records in Valkey or Redis, for several greyds at a time.
 *
 * Updates that wait together are done together: their records are read in one command; each update
 * decides, and sees what those before it want to save; then a script saves, update by update, but only
 * where the records are still those that the decision was based on (compare and set). Updates that lose such a
 * race decide again on the records that the script has found. So the rule itself stays with the caller.
 *
 * The server deletes expired records by itself, CLOCK_SLACK seconds after they expire. Its maxmemory
 * bounds how much is stored: beyond it nothing is saved, and the update fails.
 *
 * Known limits: the keys of one update must have one address in common (see redis-keys). A server answers
 * before a write is on its disk, see --store-replicas.
 */
import type { DecisionCount } from '../../decisions/counters.ts';
import type { Key } from '../../greylist/keys.ts';
import type { ClientRecord, TripletRecord } from '../../greylist/records.ts';
import type { UnixSeconds } from '../../time/clock.ts';
import type { Entry, RecordsOf, Step, StepOutcome, Store, StoreSize } from '../store.ts';
import type { RedisCommand } from './client.ts';
import type { RedisConnection } from './connection.ts';
import { addDecisions, readDecisions } from './decisions.ts';
import {
  formerKeyText,
  isRecordText,
  keyPattern,
  laterText,
  plainKeyText,
  privateKeyText,
  readKeyText,
  readRecordText,
  recordText,
} from './keys.ts';
import { compareAndSet, DELETE, NONE, readAnswer } from './script.ts';
import { type Attempt, decideInTurn, type OpenAttempt, type RedisPlace, type Update } from './updates.ts';

/** Maximum number of updates in one command; a script of so many takes the server a few milliseconds. */
const MAX_UPDATES = 500;
/** Maximum number of decisions for one update: each time others must have changed the same record. */
const MAX_TRIES = 20;
/** How far the clocks of hosts that share a store may differ, in seconds. */
const CLOCK_SLACK = 60;
/** How long the key of a check is kept, in seconds. */
const CHECK_LIFETIME = 60;

export interface RedisStoreSettings {
  /** The prefix of all keys. */
  readonly prefix: string;
  /** True if records are kept under digests of their keys. */
  readonly privacy: boolean | undefined;
  readonly digest: (key: Key) => Buffer;
  /** Tells whether all records are in one slot of a Cluster; known once the store was reached. */
  readonly isInOneSlot: () => boolean;
  /** Returns the seconds after its `last` for which a record counts. */
  readonly lifetimeOf: (record: TripletRecord | ClientRecord) => number;
  /** How many replicas of the primary must acknowledge each write; 0: none. */
  readonly replicas: number;
  /** Time limit for the replicas, in milliseconds. */
  readonly replicasTimeoutMs: number;
}

export class RedisStore implements Store {
  readonly privacy: boolean | undefined;
  /** undefined: the server knows only how many keys of all kinds it has. */
  readonly size: StoreSize = { triplets: undefined };
  readonly #connection: RedisConnection;
  readonly #settings: RedisStoreSettings;
  /** The waiting updates by lane; in each lane one command runs after the other. */
  readonly #lanes = new Map<string, Update[]>();
  /** The running lanes, for the end. */
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
    const texts = await this.#readTexts(places.flatMap(keysOfPlace));
    const records = places.map(({ kind, key, former }) => {
      const own = texts.get(key) ?? NONE;
      return readRecordText(kind, former === undefined ? own : laterText(own, texts.get(former) ?? NONE));
    });
    return records as unknown as RecordsOf<Keys>;
  }

  async *entries(kind: Key['kind']): AsyncGenerator<readonly Entry[], void> {
    const { prefix } = this.#settings;
    for await (const names of this.#connection.keys(keyPattern(prefix, kind))) {
      const readable = names.flatMap((name) => {
        const key = readKeyText(name.slice(prefix.length));
        return key?.kind === kind ? [{ name, key, own: this.#placeOf(key).key }] : [];
      });
      const texts = await this.#readTexts(readable.flatMap(({ name, own }) => [name, own]));
      yield readable.flatMap(({ name, key, own }): Entry[] => {
        // It stands there from before, and was saved anew since.
        if (name !== own && texts.get(own) !== NONE) return [];
        const record = readRecordText(kind, texts.get(name) ?? NONE);
        // It may have expired in the meantime.
        return record === undefined ? [] : [[key, record]];
      });
    }
  }

  async addDecisions(counts: readonly DecisionCount[], forgetBefore: UnixSeconds): Promise<void> {
    await addDecisions(this.#connection, this.#settings.prefix, counts, forgetBefore);
  }

  decisions(): Promise<readonly DecisionCount[]> {
    return readDecisions(this.#connection, this.#settings.prefix);
  }

  async close(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    await this.#connection.close();
  }

  #placeOf(key: Key): RedisPlace {
    const { prefix, digest } = this.#settings;
    const { kind } = key;
    if (this.privacy || 'sha1' in key)
      return { kind, key: prefix + privateKeyText(kind, digest(key)), former: undefined };
    const isInOneSlot = this.#settings.isInOneSlot();
    const former = isInOneSlot ? formerKeyText(key) : undefined;
    return {
      kind,
      key: prefix + plainKeyText(key, isInOneSlot),
      former: former === undefined ? undefined : prefix + former,
    };
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

  /** Runs until no update waits in the lane. Never rejects. */
  async #run(name: string, lane: Update[]): Promise<void> {
    // Updates of the same turn go along.
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

  /** @throws (rejects) if the server fails; updates that are settled by then stay so */
  async #runTogether(updates: readonly Update[]): Promise<void> {
    const known = await this.#readTexts(updates.flatMap(({ places }) => places.flatMap(keysOfPlace)));
    let open = updates;
    for (let tries = 0; open.length > 0; tries += 1) {
      if (tries === MAX_TRIES)
        throw new Error(`gave up after ${MAX_TRIES} conflicting updates of the same records`);
      const attempts = decideInTurn(open, known);
      await this.#deleteFormer(attempts);
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

  /** Returns the texts under these keys; NONE where there is none. */
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
      if (!Array.isArray(answer)) throw new Error('--store: the server does not speak the Redis protocol');
      for (const [index, text] of answer.entries()) {
        texts.set(names[index] ?? NONE, isRecordText(text) ? text : NONE);
      }
    };
    await Promise.all([...lanes.values()].map(read));
    return texts;
  }

  /** Deletes records where they stand from before, if they are to be deleted: otherwise they would be found again. */
  async #deleteFormer(attempts: readonly OpenAttempt[]): Promise<void> {
    const former = attempts.flatMap(({ update, save }) =>
      update.places.flatMap(({ former }, index) =>
        former !== undefined && save[index]?.text === DELETE ? [former] : [],
      ),
    );
    await Promise.all(former.map((key) => this.#send(key, ['DEL', key])));
  }

  /** @returns for each attempt nothing if it is done, or the current texts */
  async #save(attempts: readonly OpenAttempt[]): Promise<(readonly string[] | undefined)[]> {
    const [first] = attempts;
    if (first === undefined) return [];
    return readAnswer(await this.#send(first.keys[0] ?? NONE, compareAndSet(attempts)));
  }

  /** Sends a command that writes, and waits until the replicas have it. @returns the answer */
  async #send(key: string, command: RedisCommand): Promise<unknown> {
    const { replicas, replicasTimeoutMs } = this.#settings;
    if (replicas === 0) return (await this.#connection.send(key, [command]))[0];
    // On the same connection: WAIT is about writes on its connection.
    const wait = ['WAIT', String(replicas), String(replicasTimeoutMs)];
    const [answer, have] = await this.#connection.send(key, [command, wait]);
    if (Number(have) < replicas)
      throw new Error(`only ${have} of ${replicas} replicas have acknowledged the write (--store-replicas)`);
    return answer;
  }
}

/** Returns all keys under which the record of a place may stand. */
function keysOfPlace({ key, former }: RedisPlace): string[] {
  return former === undefined ? [key] : [key, former];
}
