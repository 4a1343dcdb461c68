/**
 * A store in memory: gone with the process. Tests and simulations use it where durability is not the question.
 *
 * Keys can be read always, so it has no --privacy; a key of which only the hash is known is a record of its own.
 * Known limit: it has no bound of its own, see --max-triplets.
 */
import type { DecisionCount } from '../decisions/counters.ts';
import type { Key } from '../greylist/keys.ts';
import type {
  CleanableStore,
  Entry,
  ExpiryRule,
  RecordCounts,
  RecordsOf,
  Slice,
  Step,
  StoreSize,
} from './store.ts';

/** Records in one slice of a walk, after which others have their turn. */
const SLICE = 256;

type Stored = readonly [key: Key, record: Entry[1]];

export class MemoryStore implements CleanableStore {
  readonly privacy = false;
  readonly #records: Readonly<Record<Key['kind'], Map<string, Stored>>> = {
    triplet: new Map(),
    client: new Map(),
  };
  #decisions = new Map<string, DecisionCount>();

  get size(): StoreSize {
    return { triplets: this.#records.triplet.size };
  }

  counts(): RecordCounts {
    return { triplet: this.#records.triplet.size, client: this.#records.client.size };
  }

  async read<const Keys extends readonly Key[]>(keys: Keys): Promise<RecordsOf<Keys>> {
    return this.#read(keys);
  }

  async update<const Keys extends readonly Key[], Result>(
    keys: Keys,
    step: Step<Keys, Result>,
  ): Promise<Result> {
    const { save, result } = step(this.#read(keys), this.size);
    for (const [index, key] of keys.entries()) {
      const record = save[index];
      if (record === null) this.#records[key.kind].delete(keyName(key));
      else if (record !== undefined) this.#records[key.kind].set(keyName(key), [key, record]);
    }
    return result;
  }

  async check(): Promise<void> {}

  async addDecisions(counts: readonly DecisionCount[], forgetBefore: number): Promise<void> {
    for (const added of counts) {
      const { hour, action, reason, waited } = added;
      const name = JSON.stringify([hour, action, reason, waited]);
      const count = added.count + (this.#decisions.get(name)?.count ?? 0);
      this.#decisions.set(name, { ...added, count });
    }
    this.#decisions = new Map([...this.#decisions].filter(([, { hour }]) => hour >= forgetBefore));
  }

  async decisions(): Promise<readonly DecisionCount[]> {
    return [...this.#decisions.values()];
  }

  async *entries(kind: Key['kind']): AsyncGenerator<readonly Entry[], void> {
    for (const slice of slicesOf(this.#records[kind]))
      yield slice.filter((stored): stored is Entry => !('sha1' in stored[0]));
  }

  async *clean(kind: Key['kind'], expired: ExpiryRule): AsyncGenerator<Slice, void> {
    const records = this.#records[kind];
    for (const slice of slicesOf(records)) {
      const old = slice.filter(([, record]) =>
        'first' in record ? expired.triplet(record) : expired.client(record),
      );
      for (const [key] of old) records.delete(keyName(key));
      yield { examined: slice.length, deleted: old.length };
    }
  }

  async close(): Promise<void> {}

  #read<const Keys extends readonly Key[]>(keys: Keys): RecordsOf<Keys> {
    // In the order of the keys, each of the kind of its key.
    return keys.map((key) => this.#records[key.kind].get(keyName(key))?.[1]) as unknown as RecordsOf<Keys>;
  }
}

function keyName(key: Key): string {
  if ('sha1' in key) return key.sha1;
  const parts = key.kind === 'triplet' ? [key.clientNetwork, key.sender, key.recipient] : [key.clientAddress];
  return JSON.stringify(parts);
}

/** Every record that is there from the beginning of the walk to its turn, as it is then. */
function* slicesOf(records: ReadonlyMap<string, Stored>): Generator<Stored[], void> {
  const names = [...records.keys()];
  for (let from = 0; from < names.length; from += SLICE)
    yield names.slice(from, from + SLICE).flatMap((name) => {
      const stored = records.get(name);
      return stored === undefined ? [] : [stored];
    });
}
