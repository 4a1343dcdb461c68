import type { SocketRights } from '../../src/server/listen.ts';

/** Of a process that is what it is, and has sockets made as its umask has it. */
export const OWN_RIGHTS: SocketRights = {
  attempt: (step) => step(),
  makeSocket: (path, _mode, make) => make(path),
};
