/**
 * Lines that anybody who can connect can cause, as often as he likes: each is told as long as there are few, and
 * of a flood the first ones alone, and when it is over, how many more there were. So no client fills the disk.
 *
 * There is room for LINES at once, which comes back evenly within PERIOD_MS.
 */

/** More than a program that asks wrongly writes until somebody looks, and less than a megabyte. */
export const LINES = 5000;
/** An hour, in milliseconds. */
export const PERIOD_MS = 3_600_000;
/** Without such a line for so long, in milliseconds, a flood is over. */
export const QUIET_MS = 60_000;

export class Ration {
  readonly #about: string;
  readonly #warn: (text: string) => void;
  readonly #uptime: () => number;
  #room = LINES;
  #last = 0;
  /** Lines that were not told. */
  #untold = 0;

  /**
   * @param about what the lines are about, as `requests that are none`
   * @param uptime milliseconds, on the monotonic clock
   */
  constructor(about: string, warn: (text: string) => void, uptime: () => number) {
    this.#about = about;
    this.#warn = warn;
    this.#uptime = uptime;
  }

  /** Tells a line, or counts it. */
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
    if (this.#untold === 0) this.#warn(`${LINES} lines about ${this.#about}: more are counted only`);
    this.#untold += 1;
  }

  /** Called now and then; tells the end of a flood. */
  look(): void {
    if (this.#untold === 0 || this.#uptime() - this.#last < QUIET_MS) return;
    this.#warn(`${this.#untold} more lines about ${this.#about} were not written`);
    this.#untold = 0;
  }
}
