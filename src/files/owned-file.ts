/**
 * Makes files in folders that may belong to another account. Content, owner and mode are set on the open file, so that
 * another file under the same name cannot get them.
 */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';

export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  /** Permissions, 0 to 0o7777. */
  readonly mode: number;
}

const PIECE_BYTES = 1024 * 1024;

/**
 * Makes a new file and syncs it to disk; removes it if that fails.
 * @param ownership undefined: the process's own, mode 0600
 * @throws the system's error
 */
export function makeOwnedFile(
  path: string,
  ownership: Ownership | undefined,
  fill: (fd: number) => void,
): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    try {
      fill(fd);
      if (ownership !== undefined) give(fd, ownership);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** Sets owner and mode. A process that may not change the owner need not, if the file is already its own. */
function give(fd: number, { uid, gid, mode }: Ownership): void {
  const stat = fstatSync(fd);
  if (stat.uid !== uid || stat.gid !== gid) fchownSync(fd, uid, gid);
  fchmodSync(fd, mode);
}

/** Writes all bytes. */
export function writeAll(fd: number, bytes: Buffer): void {
  for (let from = 0; from < bytes.length; ) from += writeSync(fd, bytes, from);
}

/** Copies a file that belongs to root. */
export function copyInto(fd: number, source: string): void {
  const from = openSync(source, 'r');
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let length = readSync(from, piece); length > 0; length = readSync(from, piece))
      writeAll(fd, piece.subarray(0, length));
  } finally {
    closeSync(from);
  }
}
