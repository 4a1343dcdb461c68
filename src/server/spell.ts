/**
 * Something that may happen many times at once: its first time is told in the log, and when it has
 * not happened for QUIET_MS, how often it was. A flood so costs two lines, not one per connection.
 */

/** Milliseconds. */
export const QUIET_MS = 60_000;

export class Spell {
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

  /** It has happened. @param now milliseconds @param detail what is told of the first time alone */
  note(now: number, detail = ''): void {
    if (this.#count === 0) this.#warn(this.#begin + detail);
    this.#count += 1;
    this.#last = now;
  }

  /** Called now and then; tells the end. @param now milliseconds */
  look(now: number): void {
    if (this.#count === 0 || now - this.#last < QUIET_MS) return;
    this.#warn(this.#end(this.#count));
    this.#count = 0;
  }
}
