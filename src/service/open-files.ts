/**
 * How many connections the process's limit of open files leaves room for (getrlimit(2), RLIMIT_NOFILE).
 * Node.js has raised it to the hard limit by itself. Beyond it, connections would be closed without
 * a word: libuv accepts and drops what it has no descriptor for.
 */
import { readFileSync } from 'node:fs';

/** Descriptors kept free for database, log, reloads, the event loop, --metrics, and connections that wait for a place. */
const RESERVED_FILES = 96;

/** @returns undefined where the system does not tell, or there is no limit */
export function openFilesLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+) /m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** The connections that there can be, and a warning if they are fewer than wanted. */
export function connectionsWithin(
  openFiles: number | undefined,
  wanted: number,
): { max: number; warning?: string } {
  const room = openFiles === undefined ? wanted : Math.max(1, openFiles - RESERVED_FILES);
  if (room >= wanted) return { max: wanted };
  const warning = `the limit of ${openFiles} open files leaves room for ${room} connections, not for the ${wanted} of --max-connections: raise it (LimitNOFILE= in the unit, ulimit -n)`;
  return { max: room, warning };
}
