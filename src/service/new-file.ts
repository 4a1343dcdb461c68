/**
 * A file that gets its name only when it is complete, so that a half-written one is not taken for it.
 * Until then it is NAME.part, which is removed when the process exits.
 *
 * Known limit: NAME.part stays if the process is killed, and has to be removed by hand.
 */
import { closeSync, fsyncSync, lstatSync, openSync, rmSync } from 'node:fs';
import { putInPlace } from '../files/beside.ts';

export interface NewFile {
  /** The descriptor to write to. */
  readonly fd: number;
  /**
   * Gives the file its name, once it is on disk.
   * @throws the system's error if it cannot be saved
   */
  finish(): void;
}

/**
 * Creates an empty file for its owner alone.
 * @throws if it exists already, or cannot be created
 */
export function makeNewFile(path: string): NewFile {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw new Error(`${path} exists already`);
  const unfinished = `${path}.part`;
  const fd = openNew(unfinished);
  const remove = () => rmSync(unfinished, { force: true });
  process.on('exit', remove);
  return {
    fd,
    finish() {
      fsyncSync(fd);
      closeSync(fd);
      putInPlace(unfinished, path);
      process.off('exit', remove);
    },
  };
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new Error(`${path}: cannot create it (${code})`);
    throw new Error(
      `${path} exists: another process is writing it, or was killed while it did; in that case remove it`,
    );
  }
}
