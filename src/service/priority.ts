/**
 * The priority of this process among those that want the same processor.
 *
 * Known limit: the system compares processes by it that it has not put into different groups before, as systemd
 * does if a unit has CPUWeight=.
 */
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/** The lowest there is, see nice(1). */
const LOWEST = 19;

/** Lets all others go first from now on: what nobody waits for must not hold up what mail waits for. */
export function giveWay(): void {
  try {
    // On Linux each thread has one of its own; those that are started later have that of the main thread.
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), LOWEST);
  } catch {
    // A thread has ended meanwhile, or there is no /proc.
    setPriority(LOWEST);
  }
}
