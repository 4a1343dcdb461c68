/**
 * A once-log for an event that may happen many times: its first time is logged and, when it has
 * not happened for QUIET_MS, how often it did. A flood costs two lines, not one per connection.
 */

/** Milliseconds. */
export const QUIET_MS = 60_000;

export class OnceLog {
  readonly #begin: string;
  readonly #end: (count: number) => string;
  readonly #warn: (text: string) => void;
  #count = 0;
  #last = 0;

  constructor(begin: string, end: (count: number) => string, warn: (text: string) => void) {
    this.#begin = begin;
    this.#end = end;
    this.#warn = warn;
  }

  /** Notes an event. @param now milliseconds @param detail logged with the first event only */
  note(now: number, detail = ''): void {
    if (this.#count === 0) this.#warn(this.#begin + detail);
    this.#count += 1;
    this.#last = now;
  }

  /** Logs the end of a series of events; called periodically. @param now milliseconds */
  look(now: number): void {
    if (this.#count === 0 || now - this.#last < QUIET_MS) return;
    this.#warn(this.#end(this.#count));
    this.#count = 0;
  }
}
