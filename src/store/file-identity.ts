/**
 * Whether files still stand where they were opened. Whoever has a file open does not notice that it
 * was removed or replaced, and goes on writing to what nobody will ever read.
 */
import { rmSync, statSync } from 'node:fs';

/**
 * What was written to a file that is open is not where it is looked for: it was removed, replaced or cut,
 * or the disk has not taken it.
 */
export class FileHarmedError extends Error {
  override readonly name = 'FileHarmedError';
}

/** Device and inode of each file by its path, so that another thread can look as well; undefined: it was not there. */
export type KnownFiles = ReadonlyMap<string, string | undefined>;

export class FileIdentity {
  readonly files: KnownFiles;

  constructor(files: KnownFiles) {
    this.files = files;
  }

  /** Of the files that stand at these paths now. */
  static of(paths: readonly string[]): FileIdentity {
    return new FileIdentity(new Map(paths.map((path) => [path, identityOf(path)])));
  }

  /** @throws {FileHarmedError} */
  check(): void {
    for (const path of this.files.keys()) {
      if (!this.holds(path)) throw new FileHarmedError(`${path} was removed or replaced`);
    }
  }

  /** Whether the file is the one that it was. */
  holds(path: string): boolean {
    return identityOf(path) === this.files.get(path);
  }

  /** Removes the file, if it is the one that it was. */
  remove(path: string): void {
    if (this.holds(path)) rmSync(path, { force: true });
  }
}

function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}
