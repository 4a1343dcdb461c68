/**
 * A wall clock of a daemon's own, which a test may set while it runs, as an administrator or ntpd sets
 * that of a host.
 */
import { join } from 'node:path';
import { temporaryDirectory } from './daemon.ts';
import { fakeTimeLauncher, writeOffset } from './fake-time.ts';
import type { Needs } from './requirements.ts';

export const WALL_CLOCK_NEEDS = {
  programs: ['faketime'],
  commands: ['faketime -m -f +1d true'],
} satisfies Needs;

export class WallClock {
  /** Seconds that it is ahead of the host's. */
  offset = 0;
  readonly #file: string;

  constructor() {
    this.#file = join(temporaryDirectory(), 'offset');
    this.step(0);
  }

  /** Unix seconds, as the daemon sees them. */
  get now(): number {
    return Date.now() / 1000 + this.offset;
  }

  /** Sets it forward by so many seconds, or backward. */
  step(seconds: number): void {
    this.offset += seconds;
    writeOffset(this.#file, this.offset);
  }

  /** The command that gives it to a daemon. */
  get launcher(): readonly string[] {
    return fakeTimeLauncher(this.#file);
  }
}
