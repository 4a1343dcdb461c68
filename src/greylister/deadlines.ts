/**
 * Bounds how long many things wait, each as long as all others. One timer serves all of them, so that a
 * wait costs next to nothing: whoever began to wait first is the first whose time is up.
 */

/** Something that waits. */
export interface Wait {
  /** In milliseconds of the clock. */
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
   * @param clock milliseconds; nobody sets it
   * @param option which sets the limit, if one does
   */
  constructor(limitMs: number, clock: () => number, option?: string) {
    this.#limitMs = limitMs;
    this.#clock = clock;
    this.#reason = `no answer within ${limitMs / 1000} s${option === undefined ? '' : ` (${option})`}`;
  }

  /** @param giveUp is called when it has waited for too long, unless `end` was called before */
  begin(giveUp: (reason: Error) => void): Wait {
    const wait = { due: this.#clock() + this.#limitMs, giveUp };
    this.#waits.add(wait);
    this.#timer ??= setTimeout(() => this.#look(), this.#limitMs);
    return wait;
  }

  /** @returns whether it waited still */
  end(wait: Wait): boolean {
    return this.#waits.delete(wait);
  }

  /** Has all give up at once. */
  endAll(reason: Error): void {
    for (const wait of this.#waits) this.#giveUp(wait, reason);
  }

  /** Has those give up whose time is up, and looks again when that of the next one is. */
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
