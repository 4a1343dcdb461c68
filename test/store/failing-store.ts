/**
 * Stores for tests of what cannot be provoked with a real one at will.
 */
import type { Store } from '../../src/store/store.ts';

/** Fails every update with `message` until told otherwise, then hands them to `inner`. */
export class FailingStore implements Store {
  isFailing = true;
  readonly privacy = undefined;
  readonly #inner: Store;
  readonly #message: string;

  constructor(inner: Store, message: string) {
    this.#inner = inner;
    this.#message = message;
  }

  update: Store['update'] = async (keys, step) => {
    if (this.isFailing) throw new Error(this.#message);
    return this.#inner.update(keys, step);
  };

  clean: Store['clean'] = (kind, expired) => this.#inner.clean(kind, expired);

  entries: Store['entries'] = (kind) => this.#inner.entries(kind);

  close(): Promise<void> {
    return this.#inner.close();
  }
}
