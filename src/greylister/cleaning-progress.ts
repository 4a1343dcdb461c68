/**
 * Counts what the cleaner has done since the start of its thread: a wrapper around the store that it walks over.
 */
import type { Key } from '../greylist/keys.ts';
import type { CleanableStore, ExpiryRule, Slice } from '../store/store.ts';

/** Progress over the records of one kind. */
export interface Cleaned {
  readonly examined: number;
  readonly deleted: number;
  /** When the last full walk ended, in Unix seconds; undefined: none has ended yet. */
  readonly lastEnd: number | undefined;
}

export class CleaningProgress implements Pick<CleanableStore, 'clean'> {
  readonly #store: Pick<CleanableStore, 'clean'>;
  readonly #clock: () => number;
  readonly #cleaned: Record<Key['kind'], Cleaned> = { triplet: NOTHING, client: NOTHING };

  /** @param clock Unix seconds */
  constructor(store: Pick<CleanableStore, 'clean'>, clock: () => number) {
    this.#store = store;
    this.#clock = clock;
  }

  async *clean(kind: Key['kind'], expired: ExpiryRule): AsyncGenerator<Slice, void> {
    for await (const slice of this.#store.clean(kind, expired)) {
      const { examined, deleted, lastEnd } = this.#cleaned[kind];
      this.#cleaned[kind] = {
        examined: examined + slice.examined,
        deleted: deleted + slice.deleted,
        lastEnd,
      };
      yield slice;
    }
    this.#cleaned[kind] = { ...this.#cleaned[kind], lastEnd: this.#clock() };
  }

  get cleaned(): Readonly<Record<Key['kind'], Cleaned>> {
    return this.#cleaned;
  }
}

const NOTHING: Cleaned = { examined: 0, deleted: 0, lastEnd: undefined };
