/**
 * libfaketime: a wall clock of its own for a program, ahead of the host's by an offset that the program
 * reads from a file at each look. What nobody can set (CLOCK_MONOTONIC, by which timers run) stays as it is.
 */
import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';

/** Whole or not at all: the program may read it at any moment. */
export function writeOffset(file: string, seconds: number): void {
  writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  renameSync(`${file}.new`, file);
}

/** The command that gives a program the clock of this file. */
export function fakeTimeLauncher(file: string): readonly string[] {
  return [
    'env',
    `LD_PRELOAD=${fakeTimeLibrary()}`,
    `FAKETIME_TIMESTAMP_FILE=${file}`,
    'FAKETIME_NO_CACHE=1',
    'FAKETIME_DONT_FAKE_MONOTONIC=1',
  ];
}

/** The variables that give a program a clock that stands still. @param now Unix seconds */
export function stoppedClock(now: number): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: fakeTimeLibrary(),
    FAKETIME: String(now),
    FAKETIME_FMT: '%s',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** Before faketime(1) is started: it refuses if a program with its process id was killed and has left these behind. */
const CLEAR_AWAY = 'rm -f /dev/shm/sem.faketime_sem_$$ /dev/shm/faketime_shm_$$';
/** Files left by another account cannot be removed by this one: try another process id. */
const TRIES = 20;

function fakeTimeLibrary(): string {
  const script = `${CLEAR_AWAY}; exec faketime -m -f +0 printenv LD_PRELOAD`;
  for (let tries = 1; ; tries += 1) {
    try {
      return execFileSync('sh', ['-c', script], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim();
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}
