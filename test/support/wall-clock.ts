/**
 * A wall clock of a daemon's own, which a test may set while it runs, as an administrator or ntpd sets
 * that of a host: libfaketime gives the process an offset that is read from a file for each look at the
 * clock. What nobody can set (CLOCK_MONOTONIC, by which timers run) stays as it is.
 */
import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './daemon.ts';
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
    // Whole or not at all: the daemon may read it at any moment.
    writeFileSync(`${this.#file}.new`, `${this.offset < 0 ? '' : '+'}${this.offset}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** The command that gives it to a daemon. */
  get launcher(): readonly string[] {
    const library = execFileSync('faketime', ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD'], {
      encoding: 'utf8',
    });
    return [
      'env',
      `LD_PRELOAD=${library.trim()}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#file}`,
      'FAKETIME_NO_CACHE=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
    ];
  }
}
