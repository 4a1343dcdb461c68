/**
 * Rate limit for log lines that any client can cause, as often as it likes: each is logged as long as there are
 * few; of
 * a flood only the first ones, and at its end how many more there were. So no client can fill the disk.
 *
 * LINES lines can be logged at once; the allowance refills evenly within PERIOD_MS.
 */
import type { Clock } from '../time/clock.ts';

/** More than a misconfigured program causes until somebody looks, and less than a megabyte. */
export const LINES = 5000;
/** An hour, in milliseconds. */
export const PERIOD_MS = 3_600_000;
/** Milliseconds without such a line after which a flood is over. */
export const FLOOD_OVER_MS = 60_000;

export class Ration {
  readonly #about: string;
  readonly #warn: (text: string) => void;
  readonly #uptime: Clock['uptime'];
  #room = LINES;
  #last = 0;
  /** Lines that were not logged. */
  #untold = 0;

  /**
   * @param about the subject of the lines, as `internal errors`
   * @param uptime milliseconds, on the monotonic clock
   */
  constructor(about: string, warn: (text: string) => void, uptime: Clock['uptime']) {
    this.#about = about;
    this.#warn = warn;
    this.#uptime = uptime;
  }

  /** Logs a line, or only counts it. */
  tell(text: string): void {
    const now = this.#uptime();
    this.look();
    this.#room = Math.min(LINES, this.#room + ((now - this.#last) * LINES) / PERIOD_MS);
    this.#last = now;
    if (this.#untold === 0 && this.#room >= 1) {
      this.#room -= 1;
      this.#warn(text);
      return;
    }
    if (this.#untold === 0) this.#warn(`${LINES} lines about ${this.#about}: further ones are only counted`);
    this.#untold += 1;
  }

  /** Logs the end of a flood; called periodically. */
  look(): void {
    if (this.#untold === 0 || this.#uptime() - this.#last < FLOOD_OVER_MS) return;
    this.#warn(
      `${this.#untold} more ${this.#untold === 1 ? 'line' : 'lines'} about ${this.#about} not logged`,
    );
    this.#untold = 0;
  }
}
