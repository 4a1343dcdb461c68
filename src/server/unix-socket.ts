/**
 * The file of a unix socket: whether there can be one at a path, and what stands there already.
 */
import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { ListenError } from './listen-error.ts';

/** sun_path of unix(7) holds 108 bytes with its final NUL; a longer path would be cut without a word. */
const MAX_PATH_BYTES = 107;

/**
 * Makes way for a socket at this path: removes the one that a killed daemon left behind; anything else
 * that stands there is kept.
 * @throws {ListenError} (rejects) if there can be no socket
 */
export async function makeWay(path: string): Promise<void> {
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
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new ListenError(
      `--unix=${path}: there is a file that is no socket, remove it or choose another path`,
      false,
    );
  }
  if (!(await isStale(path))) {
    throw new ListenError(`--unix=${path}: another program is listening there, stop it first`, true);
  }
  unlinkSync(path);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Only a refused connection shows that nobody listens; a full queue (EAGAIN), say, shows that somebody does. */
function isStale(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}
