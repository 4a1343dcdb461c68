/**
 * Listening sockets that the service manager opened for the daemon (sd_listen_fds(3)): LISTEN_FDS
 * of them from descriptor 3 on, if LISTEN_PID names this process.
 */
import type { InheritedEndpoint } from '../server/endpoint.ts';

const FIRST_FD = 3;

export function inheritedSockets(environment: NodeJS.ProcessEnv, pid: number): InheritedEndpoint[] {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  const count = LISTEN_PID === String(pid) && /^\d{1,3}$/.test(LISTEN_FDS ?? '') ? Number(LISTEN_FDS) : 0;
  return Array.from({ length: count }, (_, index) => ({ kind: 'inherited', fd: FIRST_FD + index }));
}
