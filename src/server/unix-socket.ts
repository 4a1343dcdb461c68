/**
 * The file of a unix socket: whether one can be made at a path, and what is there already.
 */
import { lstatSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { ListenError } from './listen-error.ts';

/** sun_path of unix(7) holds 108 bytes with its final NUL; a longer path would be cut silently. */
const MAX_PATH_BYTES = 107;

/**
 * Checks whether a socket can be made at this path; an existing file is kept.
 * @returns true if the socket of a daemon that was killed is there
 * @throws {ListenError} (rejects) if there can be none, or the system's error
 */
export async function isLeftBehind(path: string): Promise<boolean> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new ListenError(
      `--unix=${path}: the path is longer than ${MAX_PATH_BYTES} bytes; choose another`,
      false,
    );
  }
  if (!isFolder(dirname(path))) {
    throw new ListenError(
      `--unix=${path}: the directory does not exist; create it, writable for greyd's account`,
      true,
    );
  }
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (!stat.isSocket()) {
    throw new ListenError(
      `--unix=${path}: a file that is no socket exists there; remove it or choose another path`,
      false,
    );
  }
  if (!(await isStale(path))) {
    throw new ListenError(`--unix=${path}: another program is listening there; stop it first`, true);
  }
  return true;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Tells whether a socket is left over. Only a refused connection proves that no process listens; a full queue
 * (EAGAIN),
 * say, proves that one does.
 * @throws (rejects) if this account may not connect, and so cannot tell
 */
function isStale(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') reject(error);
      else resolve(error.code === 'ECONNREFUSED');
    });
  });
}
