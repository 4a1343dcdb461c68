/**
 * The number of connections that the process's limit of open files has room for (getrlimit(2), RLIMIT_NOFILE).
 * Node.js has raised it to the hard limit by itself. Beyond it, connections would be closed
 * silently: libuv accepts and drops those that it has no descriptor for.
 */
import { readFileSync } from 'node:fs';

/**
 * Descriptors reserved for database, log, reloads, the event loop, --metrics, and connections that wait for a
 * place.
 */
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

/** Returns the possible number of connections, and a warning if it is less than wanted. */
export function connectionsWithin(
  openFiles: number | undefined,
  wanted: number,
): { max: number; warning?: string } {
  const room = openFiles === undefined ? wanted : Math.max(1, openFiles - RESERVED_FILES);
  if (room >= wanted) return { max: wanted };
  const warning = `the limit of ${openFiles} open files leaves room for ${room} connections, not for the ${wanted} of --max-connections: raise it (LimitNOFILE= in the unit, ulimit -n)`;
  return { max: room, warning };
}
