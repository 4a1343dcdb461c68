/**
 * The priority of this process among those that want the same processor.
 *
 * Known limit: the system compares processes by it that it has not put into different groups before, as systemd
 * does if a unit has CPUWeight=.
 */
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * Of 20 steps, see nice(1): whoever sleeps until he has work to do, as a daemon, goes first; where all processors are
 * busy a tenth is left. With the lowest priority it would be a hundredth, and whoever looks for the reason would
 * wait for minutes.
 */
const LOWERED = 10;

/**
 * Lets others go first from now on: what looks at everything must not hold up what mail waits for. Whoever was started
 * with a lower priority than this stays at it, and what the system does not allow is no reason to do nothing.
 */
export function giveWay(): void {
  for (const thread of threads()) {
    try {
      if (getPriority(thread) < LOWERED) setPriority(thread, LOWERED);
    } catch {
      // It has ended meanwhile, or is not to be changed: what is to be done is done all the same.
    }
  }
}

/** On Linux each thread has a priority of its own; those that are started later have that of the main thread. */
function threads(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    // 0 stands for this process.
    return [0];
  }
}
