/**
 * The priority of this process among others on the same processors.
 *
 * Known limit: it has no effect between processes in different groups, as systemd
 * makes them for a unit with CPUWeight=.
 */
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * Ten of the 20 steps of nice(1): a process that mostly sleeps, as a daemon, goes first; where all processors are busy
 * about a tenth is left. With the lowest priority it would be a hundredth, and an administrator who looks for the cause
 * of a problem would wait for minutes.
 */
const LOWERED = 10;

/**
 * Lowers the priority: a walk over all records must not delay mail. A lower priority stays,
 * and if the system refuses, the work is done all the same.
 */
export function lowerPriority(): void {
  for (const thread of threads()) {
    try {
      if (getPriority(thread) < LOWERED) setPriority(thread, LOWERED);
    } catch {
      // The thread has ended, or must not be changed: go on without it.
    }
  }
}

/** Returns the threads: on Linux each has its own priority; later ones get that of the main thread. */
function threads(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    // 0 stands for this process.
    return [0];
  }
}
