/**
 * The file that holds the daemon's process id while it runs.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes the file, and removes it when the process exits.
 * @throws if it cannot be written
 */
export function keepPidfile(path: string): void {
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
  } catch (error) {
    throw new Error(
      `--pidfile=${path}: the file cannot be written (${(error as NodeJS.ErrnoException).code})`,
    );
  }
  process.on('exit', () => removePidfile(path));
}

/**
 * Removes the file if it is still this process's. An account that gave root up may lack the right
 * to; a file that stays behind names a process that has ended, which readers must expect anyway.
 */
function removePidfile(path: string): void {
  try {
    if (readFileSync(path, 'utf8').trim() === String(process.pid)) rmSync(path);
  } catch {
    // See above.
  }
}
