/**
 * The store: what greylisting remembers. The one way to write is `update`, which reads, decides
 * and saves in one piece, so that no two requests can act on the same old state of a record.
 */
import type { Key, PlainKey } from '../greylist/keys.ts';
import type { ClientRecord, RecordOf, TripletRecord } from '../greylist/records.ts';
import type { DecisionCount } from '../metrics/counters.ts';

/** One value for each key, in the order of the keys: its record, or undefined for none. */
export type RecordsOf<Keys extends readonly Key[]> = {
  readonly [I in keyof Keys]: RecordOf<Keys[I]> | undefined;
};

/** For each key: a record to save, null to delete what is there, undefined to leave it as it is. */
export type SavesOf<Keys extends readonly Key[]> = {
  readonly [I in keyof Keys]: RecordOf<Keys[I]> | null | undefined;
};

/** What a step decides, and a result for the caller. */
export interface StepOutcome<Keys extends readonly Key[], Result> {
  readonly save: SavesOf<Keys>;
  readonly result: Result;
}

/** How much is stored; counted when it is asked for. */
export interface StoreSize {
  /** undefined: the store does not count, and has a bound of its own. */
  readonly triplets: number | undefined;
}

/** Decides about the records of some keys, in their order. */
export type Step<Keys extends readonly Key[], Result> = (
  before: RecordsOf<Keys>,
  size: StoreSize,
) => StepOutcome<Keys, Result>;

/** One record with its key. */
export type Entry = readonly [key: PlainKey, record: TripletRecord | ClientRecord];

/** Says of a record that it may be deleted. */
export interface ExpiryRule {
  triplet(record: TripletRecord): boolean;
  client(record: ClientRecord): boolean;
}

export type RecordCounts = Readonly<Record<Key['kind'], number>>;

/** What one slice of a cleaning walk did. */
export interface Slice {
  readonly examined: number;
  readonly deleted: number;
}

/** What can be learned of a store without changing it. */
export interface ReadableStore {
  /** Whether records are kept under digests of their keys; undefined: no daemon has said so yet. */
  readonly privacy: boolean | undefined;

  /** As it is now. */
  readonly size: StoreSize;

  /** The records of some keys, in their order, as they are now. */
  read<const Keys extends readonly Key[]>(keys: Keys): Promise<RecordsOf<Keys>>;

  /**
   * All records of one kind whose keys can be read (with --privacy none can), a bounded slice at
   * each step. What is saved meanwhile may be among them or not.
   */
  entries(kind: Key['kind']): AsyncIterable<readonly Entry[]>;

  /** How often something was decided, for each hour that is kept; in no order. */
  decisions(): Promise<readonly DecisionCount[]>;

  /** Waits for the updates under way, then closes. */
  close(): Promise<void>;
}

export interface Store extends ReadableStore {
  /**
   * Reads the records of `keys`, calls `step` with them, saves what it returns, and settles when
   * that is durable: it survives a crash of greyd and of the machine.
   * @param step pure and synchronous; it may be called again after a lost race on a shared store
   * @throws (rejects with) what the step threw, or the store's own error; nothing was saved then
   */
  update<const Keys extends readonly Key[], Result>(keys: Keys, step: Step<Keys, Result>): Promise<Result>;

  /**
   * Saves something that changes nothing, and settles when that is durable.
   * @throws (rejects with) why nothing can be saved
   */
  check(): Promise<void>;

  /**
   * Adds to what is known of decisions.
   * @param forgetBefore Unix seconds; hours that begin before it need not be kept
   * @throws (rejects) if it could not be saved, or (in a shared store) if that is not known: whoever does it once
   *   more may count some of it twice
   */
  addDecisions(counts: readonly DecisionCount[], forgetBefore: number): Promise<void>;
}

/** A store in which records stay until somebody deletes them. */
export interface CleanableStore extends Store {
  /**
   * How many records of each kind there are, expired ones among them; it takes no time.
   * @returns undefined if the store is not open
   * @throws if it cannot be read
   */
  counts(): RecordCounts | undefined;

  /**
   * Walks over all records of one kind and deletes those that are expired, a bounded slice at each
   * step of the iteration: the caller sets the pace.
   */
  clean(kind: Key['kind'], expired: ExpiryRule): AsyncIterable<Slice>;
}
