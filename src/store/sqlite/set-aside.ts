/**
 * Moves a damaged database out of the way, under a name with the time, so that a new one can be created
 * and nothing is lost: greyd.db.damaged-20261124T033000Z, and its -wal beside it, from which
 * `sqlite3 … .recover` may still read a good part.
 */
import { lstatSync, renameSync, rmSync } from 'node:fs';
import type { UnixSeconds } from '../../time/clock.ts';

/**
 * @returns the new name
 * @throws the system's error if it cannot be moved
 */
export function setAside(path: string, now: UnixSeconds): string {
  const time = new Date(now * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
  const aside = freeName(`${path}.damaged-${time}`);
  const hasLog = isTaken(`${path}-wal`);
  renameSync(path, aside);
  if (hasLog) renameSync(`${path}-wal`, `${aside}-wal`);
  // It is only an index of the -wal, and is made anew.
  rmSync(`${path}-shm`, { force: true });
  return aside;
}

/** Returns a name that is free: two files of one second must not get the same. */
function freeName(name: string): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}.${number}`;
    if (!isTaken(candidate)) return candidate;
  }
}

/** @throws the system's error if that cannot be found out: it must not count as a no */
function isTaken(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
