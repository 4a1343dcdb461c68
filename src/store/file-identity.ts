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

export class FileIdentity {
  /** See `identityOf`. */
  readonly #files: ReadonlyMap<string, string | undefined>;

  /** @param paths as they stand now */
  constructor(paths: readonly string[]) {
    this.#files = new Map(paths.map((path) => [path, identityOf(path)]));
  }

  /** @throws {FileHarmedError} */
  check(): void {
    for (const path of this.#files.keys()) {
      if (!this.holds(path)) throw new FileHarmedError(`${path} was removed or replaced`);
    }
  }

  /** Whether the file is the one that it was. */
  holds(path: string): boolean {
    return identityOf(path) === this.#files.get(path);
  }

  /** Removes the file, if it is the one that it was. */
  remove(path: string): void {
    if (this.holds(path)) rmSync(path, { force: true });
  }
}

/** Device and inode of the file that stands at a path now; undefined: there is none. */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}
