/**
 * Records of a `postgrey --privacy` older than 1.37. They stand under other digests than greyd makes (see
 * greylist/former-keys); only a visit, which brings the addresses, shows which of them belong together. A
 * record found
 * so is merged with greyd's own, as after an import; the first update moves it to greyd's own digest, in the
 * same transaction.
 *
 * Without --privacy there are no such records, and these stores are not used.
 */
import type { DecisionCount } from '../decisions/counters.ts';
import { formerHashes, type Lookup } from '../greylist/former-keys.ts';
import type { HashedKey, Key } from '../greylist/keys.ts';
import { mergeRecords, type RecordOf } from '../greylist/records.ts';
import type {
  Entry,
  ReadableStore,
  RecordStore,
  RecordsOf,
  SavesOf,
  Step,
  Store,
  StoreSize,
} from '../store/store.ts';
import type { UnixSeconds } from '../time/clock.ts';

type AnyRecord = RecordOf<Key> | undefined;

/** Some keys, and the keys under which their former records may be. */
class Expanded {
  readonly #keys: readonly Key[];
  readonly #former: readonly (readonly HashedKey[])[];

  constructor(keys: readonly Key[], lookup: Lookup) {
    this.#keys = keys;
    this.#former = formerHashes(keys, lookup);
  }

  /** The keys asked for, followed by the former ones. */
  get keys(): readonly Key[] {
    return [...this.#keys, ...this.#former.flat()];
  }

  /** @param records of `keys`, in their order */
  merged(records: readonly AnyRecord[]): AnyRecord[] {
    let at = this.#keys.length;
    return this.#former.map((hashes, index) => {
      const former = records.slice(at, at + hashes.length);
      at += hashes.length;
      return [records[index], ...former].reduce((a, b) => (a && b ? mergeRecords(a, b) : (a ?? b)));
    });
  }

  /**
   * Returns what to save for `keys`: the decision, or what was found under a former key, which is deleted
   * there.
   */
  saves(records: readonly AnyRecord[], decided: readonly (AnyRecord | null)[]): (AnyRecord | null)[] {
    const merged = this.merged(records);
    const former = records.slice(this.#keys.length);
    const own = decided.map((save, index) =>
      save === undefined && merged[index] !== records[index] ? merged[index] : save,
    );
    return [...own, ...former.map((record) => (record === undefined ? undefined : null))];
  }
}

/** A reader of a store that finds former records too. */
export class FormerReader<Read extends ReadableStore = ReadableStore> implements ReadableStore {
  protected readonly store: Read;
  protected readonly lookup: Lookup;

  constructor(store: Read, lookup: Lookup) {
    this.store = store;
    this.lookup = lookup;
  }

  get privacy(): boolean | undefined {
    return this.store.privacy;
  }

  get size(): StoreSize {
    return this.store.size;
  }

  async read<const Keys extends readonly Key[]>(keys: Keys): Promise<RecordsOf<Keys>> {
    const expanded = new Expanded(keys, this.lookup);
    // They are in the order of the keys, each of the kind of its key.
    return expanded.merged(await this.store.read(expanded.keys)) as unknown as RecordsOf<Keys>;
  }

  entries(kind: Key['kind']): AsyncIterable<readonly Entry[]> {
    return this.store.entries(kind);
  }

  decisions(): Promise<readonly DecisionCount[]> {
    return this.store.decisions();
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

/** A store that finds former records too. */
export class FormerStore extends FormerReader<Store> implements Store {
  update<const Keys extends readonly Key[], Result>(keys: Keys, step: Step<Keys, Result>): Promise<Result> {
    return updateWithFormer(this.store, this.lookup, keys, step);
  }

  check(): Promise<void> {
    return this.store.check();
  }

  addDecisions(counts: readonly DecisionCount[], forgetBefore: UnixSeconds): Promise<void> {
    return this.store.addDecisions(counts, forgetBefore);
  }
}

/** Calls `Store.update` over former records too. */
export function updateWithFormer<const Keys extends readonly Key[], Result>(
  store: RecordStore,
  lookup: Lookup,
  keys: Keys,
  step: Step<Keys, Result>,
): Promise<Result> {
  const expanded = new Expanded(keys, lookup);
  return store.update(expanded.keys, (records, size) => {
    // They are in the order of the keys, each of the kind of its key.
    const { save, result } = step(expanded.merged(records) as unknown as RecordsOf<Keys>, size);
    return { save: expanded.saves(records, save) as SavesOf<readonly Key[]>, result };
  });
}
