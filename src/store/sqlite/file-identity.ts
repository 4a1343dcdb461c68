/**
 * Tells whether files are still those that were opened. A process that has a file open does not notice that it
 * was removed or replaced, and goes on writing to a file that is never read again.
 */
import { rmSync, statSync } from 'node:fs';

/**
 * The data written to an open file is not where it is looked for: the file was removed, replaced or cut,
 * or the disk has not taken it.
 */
export class FileHarmedError extends Error {
  override readonly name = 'FileHarmedError';
}

/**
 * Device and inode of each file by its path, so that another thread can check it too; undefined: there was
 * none.
 */
export type KnownFiles = ReadonlyMap<string, string | undefined>;

export class FileIdentity {
  readonly files: KnownFiles;

  constructor(files: KnownFiles) {
    this.files = files;
  }

  /** Takes the identity of the files that are at these paths now. */
  static of(paths: readonly string[]): FileIdentity {
    return new FileIdentity(new Map(paths.map((path) => [path, identityOf(path)])));
  }

  /** @throws {FileHarmedError} */
  check(): void {
    for (const path of this.files.keys()) {
      if (!this.holds(path)) throw new FileHarmedError(`${path} was removed or replaced`);
    }
  }

  /** Tells whether the file is still the same. */
  holds(path: string): boolean {
    return identityOf(path) === this.files.get(path);
  }

  /** Removes the file, if it is still the same. */
  remove(path: string): void {
    if (this.holds(path)) rmSync(path, { force: true });
  }
}

function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}
