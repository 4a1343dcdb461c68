/**
 * The name of the process: `greyd`, as ps(1), pgrep(1), pidof(8), systemctl(1) and
 * `start-stop-daemon --name` show it and look for it, in place of the name of the interpreter. The
 * pid file relies on it too.
 *
 * On Linux it is in two places: the command line in /proc/PID/cmdline, and `comm`, of at most 15
 * bytes. Elsewhere only the first is set.
 */
import { writeFileSync } from 'node:fs';

export const PROCESS_NAME = 'greyd';

/** @param args the words of the command line, which ps shows after the name */
export function nameProcess(args: readonly string[]): void {
  // Sets both, but makes `comm` the beginning of the command line.
  process.title = [PROCESS_NAME, ...args].join(' ');
  try {
    // Not /proc/self: that belongs to root alone once ids were changed, or where node has capabilities.
    writeFileSync('/proc/thread-self/comm', PROCESS_NAME);
  } catch {
    // No Linux, or no /proc.
  }
}
