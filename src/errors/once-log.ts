/**
 * Something that may happen again and again: its first time is logged, and its end, with how often it was. A flood costs
 * two lines, not one per connection.
 */
import type { Clock, Millis } from '../time/clock.ts';

/** When it counts as over, if nobody says so before. */
export const QUIET_MS: Millis = 60_000;

export interface OnceLogTexts {
  /** Logged the first time, with the detail of that time behind it. */
  readonly begin: string;
  /** Logged when it is over; undefined: nothing is. */
  readonly end?: (count: number) => string;
}

export class OnceLog {
  readonly #texts: OnceLogTexts;
  readonly #write: (text: string) => void;
  readonly #uptime: Clock['uptime'];
  #count = 0;
  #last: Millis = 0;

  /** @param uptime undefined: it is over only when `over` says so */
  constructor(texts: OnceLogTexts, write: (text: string) => void, uptime: Clock['uptime'] = () => 0) {
    this.#texts = texts;
    this.#write = write;
    this.#uptime = uptime;
  }

  /** Notes that it has happened. @param detail logged the first time alone */
  note(detail = ''): void {
    if (this.#count === 0) this.#write(this.#texts.begin + detail);
    this.#count += 1;
    this.#last = this.#uptime();
  }

  /** Logs the end once it has not happened for QUIET_MS. To be called now and then. */
  look(): void {
    if (this.#count > 0 && this.#uptime() - this.#last >= QUIET_MS) this.over();
  }

  /** Logs the end, if it has happened. */
  over(): void {
    if (this.#count > 0 && this.#texts.end !== undefined) this.#write(this.#texts.end(this.#count));
    this.#count = 0;
  }
}
