/**
 * New files in folders that may be of another account: they get their content, owner and mode while they are open, so
 * that these go to no other file that somebody puts under their name meanwhile.
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
 * Makes a file that is not there yet, and saves it; nothing is left of it if that fails.
 * @param ownership undefined: it stays whose it is made, for its owner alone
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

/** Who may not give files away need not, where they are to be his own. */
function give(fd: number, { uid, gid, mode }: Ownership): void {
  const stat = fstatSync(fd);
  if (stat.uid !== uid || stat.gid !== gid) fchownSync(fd, uid, gid);
  fchmodSync(fd, mode);
}

/** Writes all of it. */
export function writeAll(fd: number, bytes: Buffer): void {
  for (let from = 0; from < bytes.length; ) from += writeSync(fd, bytes, from);
}

/** Copies a file of root's. */
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
