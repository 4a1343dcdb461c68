/**
 * Moves a damaged database out of the way, under a name with the time, so that a new one can be begun
 * and nothing is thrown away: greyd.db.damaged-20261124T033000Z, and its -wal beside it, from which
 * `sqlite3 … .recover` may still read a good part.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';

/**
 * @param now milliseconds since 1970
 * @returns the new name
 * @throws the system's error if it cannot be moved
 */
export function setAside(path: string, now: number): string {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const aside = freeName(`${path}.damaged-${time}`);
  renameSync(path, aside);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`);
  // It only says what stands where in the -wal, and is made anew.
  rmSync(`${path}-shm`, { force: true });
  return aside;
}

/** Two in one second must not be one. */
function freeName(name: string): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}.${number}`;
    if (!existsSync(candidate)) return candidate;
  }
}
