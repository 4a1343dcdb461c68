/**
 * Bounds how long many things wait, each equally long. One timer serves all of them, so that a
 * wait costs next to nothing: the first to begin is the first to time out.
 */

/** One wait. */
export interface Wait {
  /** Milliseconds of the clock. */
  readonly due: number;
  readonly giveUp: (reason: Error) => void;
}

export class Deadlines {
  readonly #limitMs: number;
  readonly #clock: () => number;
  readonly #reason: string;
  /** In the order in which they are due. */
  readonly #waits = new Set<Wait>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param limitMs how long each may wait, in milliseconds
   * @param clock milliseconds, on the monotonic clock
   * @param option that sets the limit, if one does
   */
  constructor(limitMs: number, clock: () => number, option?: string) {
    this.#limitMs = limitMs;
    this.#clock = clock;
    this.#reason = `no answer within ${limitMs / 1000} s${option === undefined ? '' : ` (${option})`}`;
  }

  /** @param giveUp called when the time is up, unless `end` was called before */
  begin(giveUp: (reason: Error) => void): Wait {
    const wait = { due: this.#clock() + this.#limitMs, giveUp };
    this.#waits.add(wait);
    this.#timer ??= setTimeout(() => this.#look(), this.#limitMs);
    return wait;
  }

  /** @returns whether it still waited */
  end(wait: Wait): boolean {
    return this.#waits.delete(wait);
  }

  /** Gives up all waits at once. */
  endAll(reason: Error): void {
    for (const wait of this.#waits) this.#giveUp(wait, reason);
  }

  /** Gives up the waits whose time is up, and sets the timer for the next one. */
  #look(): void {
    this.#timer = undefined;
    const now = this.#clock();
    for (const wait of this.#waits) {
      if (wait.due > now) {
        this.#timer = setTimeout(() => this.#look(), wait.due - now);
        return;
      }
      this.#giveUp(wait, new Error(this.#reason));
    }
  }

  #giveUp(wait: Wait, reason: Error): void {
    if (this.#waits.delete(wait)) wait.giveUp(reason);
  }
}
