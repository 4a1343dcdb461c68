/**
 * The file of a unix socket: whether there can be one at a path, and what stands there already.
 */
import { lstatSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { ListenError } from './listen-error.ts';

/** sun_path of unix(7) holds 108 bytes with its final NUL; a longer path would be cut without a word. */
const MAX_PATH_BYTES = 107;

/**
 * Whether there can be a socket at this path; what stands there is kept.
 * @returns whether the socket of a daemon that was killed stands there
 * @throws {ListenError} (rejects) if there can be none, or the system's error
 */
export async function isLeftBehind(path: string): Promise<boolean> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new ListenError(
      `--unix=${path}: the path is longer than ${MAX_PATH_BYTES} bytes, choose another`,
      false,
    );
  }
  if (!isFolder(dirname(path))) {
    throw new ListenError(
      `--unix=${path}: the folder does not exist, make it and let greyd's account write to it`,
      true,
    );
  }
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (!stat.isSocket()) {
    throw new ListenError(
      `--unix=${path}: there is a file that is no socket, remove it or choose another path`,
      false,
    );
  }
  if (!(await isStale(path))) {
    throw new ListenError(`--unix=${path}: another program is listening there, stop it first`, true);
  }
  return true;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Only a refused connection shows that nobody listens; a full queue (EAGAIN), say, shows that somebody does.
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
