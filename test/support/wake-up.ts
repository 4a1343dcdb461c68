/**
 * Lets any number of waiters sleep until something has happened, and then look again.
 */
export class WakeUp {
  #promise: Promise<void>;
  #resolve: () => void = () => {};

  constructor() {
    this.#promise = this.#next();
  }

  /** Settles at the next `now`. */
  wait(): Promise<void> {
    return this.#promise;
  }

  now(): void {
    this.#resolve();
    this.#promise = this.#next();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}
