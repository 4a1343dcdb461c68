import type { SocketRights } from '../../src/server/listen.ts';

/** The rights of a process that keeps its account, and makes sockets with its umask. */
export const OWN_RIGHTS: SocketRights = {
  attempt: (step) => step(),
  makeSocket: (path, _mode, make) => make(path),
};
