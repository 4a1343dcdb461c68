/**
 * A folder for temporary files of a program. It is removed when the process exits; that of
 * a process that was killed is removed by the next one, which sees the process id in its name.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from './running.ts';

/**
 * Makes an empty folder below `place`, for this account alone.
 * @param prefix of its name; the process id follows
 */
export function makeWorkFolder(place: string, prefix: string): string {
  for (const name of readdirSync(place)) {
    const [, begin, pid] = /^(.+)-(\d+)-\w+$/.exec(name) ?? [];
    if (begin === prefix && !isRunning(Number(pid))) remove(join(place, name));
  }
  const folder = mkdtempSync(join(place, `${prefix}-${process.pid}-`));
  process.on('exit', () => remove(folder));
  return folder;
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // An administrator finds it by its name.
  }
}
