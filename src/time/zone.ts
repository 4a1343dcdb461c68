/**
 * The time zone that TZ names, found as the C library finds it, so that local times are the same as those of
 * other programs on this host:
 *
 *   not set                           /etc/localtime
 *   Europe/Berlin                     that file below /usr/share/zoneinfo
 *   /usr/share/zoneinfo/Europe/Berlin any file of the tz database
 *   CET-1CEST,M3.5.0,M10.5.0/3        a rule of POSIX (see posix-zone)
 *   empty, or none of these           UTC, with the letters of the text as its name
 *
 * A colon before any of them does not count.
 *
 * Known limit: on a host without the tz database, and where /etc/localtime is missing, Node.js's own data is used.
 */
import { readFileSync, statSync } from 'node:fs';
import { posixZone } from './posix-zone.ts';
import { tzFileZone } from './tz-file.ts';

export interface Offset {
  /** Seconds that local time is ahead of UTC. */
  readonly offset: number;
  /** The abbreviation: `CET`, `-03`. */
  readonly name: string;
}

export interface Zone {
  /** @param seconds Unix time */
  at(seconds: number): Offset;
}

const TZ_DATABASE = '/usr/share/zoneinfo';
const LOCALTIME = '/etc/localtime';
/** The largest file of the database has 4 kB. */
const MAX_BYTES = 256 * 1024;

/**
 * @param tz the environment variable; undefined: not set
 * @returns undefined if Node.js's own data is to be used
 */
export function zoneOf(tz: string | undefined): Zone | undefined {
  if (tz === undefined) return fileZone(LOCALTIME);
  const text = tz.replace(/^:/, '');
  if (text === '') return utcZone('UTC');
  const zone = fileZone(text.startsWith('/') ? text : `${TZ_DATABASE}/${text}`) ?? posixZone(text);
  if (zone !== undefined) return zone;
  return isKnownToNode(text) ? undefined : utcZone(/^[A-Za-z]{3,}/.exec(text)?.[0] ?? 'UTC');
}

function utcZone(name: string): Zone {
  const offset = { offset: 0, name };
  return { at: () => offset };
}

function fileZone(path: string): Zone | undefined {
  try {
    const { size } = statSync(path);
    return size <= MAX_BYTES && statSync(path).isFile() ? tzFileZone(readFileSync(path)) : undefined;
  } catch {
    return undefined;
  }
}

function isKnownToNode(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
