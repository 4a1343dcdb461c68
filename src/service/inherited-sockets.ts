/**
 * Listening sockets that the service manager opened for the daemon (sd_listen_fds(3)): LISTEN_FDS
 * of them from descriptor 3 on, if LISTEN_PID names this process.
 *
 * Node.js knows the address of an inherited TCP socket, but not the path of a unix one, which
 * is looked up in /proc/self/net/unix:
 *
 *   line :== slot ":" count protocol flags type state inode [ path ]
 *
 * Known limit: where there is no /proc the path is not known.
 */
import { fstatSync, readFileSync } from 'node:fs';
import type { InheritedEndpoint } from '../server/endpoint.ts';

const FIRST_FD = 3;

export function inheritedSockets(environment: NodeJS.ProcessEnv, pid: number): InheritedEndpoint[] {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  const count = LISTEN_PID === String(pid) && /^\d{1,3}$/.test(LISTEN_FDS ?? '') ? Number(LISTEN_FDS) : 0;
  return Array.from({ length: count }, (_, index) => {
    const fd = FIRST_FD + index;
    return { kind: 'inherited', fd, path: pathOf(fd) };
  });
}

/** @returns undefined if it is no unix socket, or has no path */
function pathOf(fd: number): string | undefined {
  try {
    const { ino } = fstatSync(fd);
    const line = /^\w+: \w+ \w+ \w+ \w+ \w+ +(\d+) (\/.*)$/gm;
    for (const [, inode, path] of readFileSync('/proc/self/net/unix', 'utf8').matchAll(line)) {
      if (inode === String(ino)) return path;
    }
  } catch {
    // No /proc, or no such descriptor: listening on it will report that.
  }
  return undefined;
}
