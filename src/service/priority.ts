/**
 * The priority of this process among those that want the same processor.
 *
 * Known limit: the system compares processes by it that it has not put into different groups before, as systemd
 * does if a unit has CPUWeight=.
 */
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * Of 20 steps, see nice(1): whoever sleeps until he has work to do, as a daemon, goes first; where all processors are
 * busy a tenth is left. With the lowest priority it would be a hundredth, and whoever looks for the reason would
 * wait for minutes.
 */
const LOWERED = 10;

/** Lets others go first from now on: what looks at everything must not hold up what mail waits for. */
export function giveWay(): void {
  try {
    // On Linux each thread has one of its own; those that are started later have that of the main thread.
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), LOWERED);
  } catch {
    // A thread has ended meanwhile, or there is no /proc.
    setPriority(LOWERED);
  }
}
