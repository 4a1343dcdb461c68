/**
 * The store: the memory of greylisting. The one way to write is `update`, which reads, decides
 * and saves in one piece, so that no two requests can act on the same old state of a record.
 */
import type { DecisionCount } from '../decisions/counters.ts';
import type { Key, PlainKey } from '../greylist/keys.ts';
import type { ClientRecord, RecordOf, TripletRecord } from '../greylist/records.ts';
import type { UnixSeconds } from '../time/clock.ts';

/** One value for each key, in the order of the keys: its record, or undefined for none. */
export type RecordsOf<Keys extends readonly Key[]> = {
  readonly [I in keyof Keys]: RecordOf<Keys[I]> | undefined;
};

/** For each key: a record to save, null to delete what is there, undefined to leave it as it is. */
export type SavesOf<Keys extends readonly Key[]> = {
  readonly [I in keyof Keys]: RecordOf<Keys[I]> | null | undefined;
};

/** The decision of a step, and a result for the caller. */
export interface StepOutcome<Keys extends readonly Key[], Result> {
  readonly save: SavesOf<Keys>;
  readonly result: Result;
}

/** How much is stored; counted when it is read. */
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

/** Tells whether a record may be deleted. */
export interface ExpiryRule {
  triplet(record: TripletRecord): boolean;
  client(record: ClientRecord): boolean;
}

export type RecordCounts = Readonly<Record<Key['kind'], number>>;

/** The work of one slice of a cleaning walk. */
export interface Slice {
  readonly examined: number;
  readonly deleted: number;
}

/** Decides about records: all that greylisting needs of a store. */
export interface RecordStore {
  /**
   * Reads the records of `keys`, calls `step` with them, saves what it returns, and settles when
   * that is durable: it survives a crash of greyd and of the machine.
   * @param step pure and synchronous; it may be called again after a lost race on a shared store
   * @throws (rejects with) what the step threw, or the store's own error; nothing was saved then
   */
  update<const Keys extends readonly Key[], Result>(keys: Keys, step: Step<Keys, Result>): Promise<Result>;

  /**
   * Makes a write that changes nothing, and settles when it is durable.
   * @throws (rejects) with why nothing can be saved
   */
  check(): Promise<void>;
}

/** Saves counts of decisions. */
export interface DecisionStore {
  /**
   * Adds to the counts of decisions.
   * @param forgetBefore Unix seconds; hours that begin before it need not be kept
   * @throws (rejects) if it could not be saved, or (in a shared store) if that is not known: another try
   *   may count some of it twice
   */
  addDecisions(counts: readonly DecisionCount[], forgetBefore: UnixSeconds): Promise<void>;
}

/** Knows all its records, which stay until they are deleted. */
export interface Inventory {
  /**
   * Returns the number of records of each kind, including expired ones; takes no time.
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

export interface Closable {
  /** Waits for the current updates, then closes. */
  close(): Promise<void>;
}

/** The part of a store that changes nothing, for programs beside the daemon. */
export interface ReadableStore extends Closable {
  /** True if records are kept under digests of their keys; undefined: no daemon has set that yet. */
  readonly privacy: boolean | undefined;

  /** The current size. */
  readonly size: StoreSize;

  /** Returns the records of some keys, in order, as they are now. */
  read<const Keys extends readonly Key[]>(keys: Keys): Promise<RecordsOf<Keys>>;

  /**
   * Returns all records of one kind with readable keys (with --privacy there are none), a bounded slice at
   * each step. A record saved in the meantime may be among them or not.
   */
  entries(kind: Key['kind']): AsyncIterable<readonly Entry[]>;

  /** Returns how often something was decided, for each hour that is kept; in no order. */
  decisions(): Promise<readonly DecisionCount[]>;
}

/** What the daemon needs of a store. */
export interface DaemonStore extends RecordStore, DecisionStore, Closable {}

export interface Store extends ReadableStore, DaemonStore {}

/** A store that keeps records until they are deleted. */
export interface CleanableStore extends Store, Inventory {}
