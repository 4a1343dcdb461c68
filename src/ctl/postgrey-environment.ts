/**
 * postgrey's database directory, an environment of Berkeley DB, read through Berkeley DB's own
 * programs: what they read is a copy, first of the database files and then of the logs, brought up
 * to date by db_recover, so that postgrey may go on running and its files are never touched.
 */
import { execFile, spawn } from 'node:child_process';
import { chownSync, constants, copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The files of an environment in which postgrey keeps its records. */
export const POSTGREY_FILES = [
  ['triplet', 'postgrey.db'],
  ['client', 'postgrey_clients.db'],
] as const;

const TRIPLETS_FILE = POSTGREY_FILES[0][1];

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export class EnvironmentCopy {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Copies what counts of an environment into a new folder of its own, below `place`.
   * @param owner gets the copy
   * @throws if it cannot be read, or is none of postgrey's
   */
  static make(directory: string, place: string, owner: Owner | undefined): EnvironmentCopy {
    const names = namesIn(directory);
    if (!names.includes(TRIPLETS_FILE)) {
      throw new Error(`${directory} is no database directory of postgrey: it holds no ${TRIPLETS_FILE}`);
    }
    const databases = POSTGREY_FILES.map(([, name]) => name).filter((name) => names.includes(name));
    const copy = new EnvironmentCopy(mkdtempSync(join(place, 'import-')));
    try {
      // The logs last: they must know of every change in the databases.
      for (const name of [...databases, ...names.filter((name) => /^log\.\d+$/.test(name)).sort()]) {
        copyFileSync(join(directory, name), join(copy.#folder, name), constants.COPYFILE_FICLONE);
        if (owner !== undefined) chownSync(join(copy.#folder, name), owner.uid, owner.gid);
      }
      if (owner !== undefined) chownSync(copy.#folder, owner.uid, owner.gid);
      return copy;
    } catch (error) {
      copy.remove();
      throw error;
    }
  }

  /** Completes the copy with what the logs know. */
  async recover(): Promise<void> {
    try {
      await promisify(execFile)('db_recover', ['-c', '-h', this.#folder]);
    } catch (error) {
      throw programError('db_recover', error);
    }
  }

  /** What db_dump prints of one file; undefined if there is no such file. */
  dump(name: string): AsyncIterable<Buffer> | undefined {
    const path = join(this.#folder, name);
    return existsSync(path) ? dumpFile(path) : undefined;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    throw new Error(`${directory}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function* dumpFile(path: string): AsyncGenerator<Buffer, void> {
  const program = spawn('db_dump', ['-p', path], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  program.stderr.on('data', (text) => {
    stderr += text;
  });
  const failure = new Promise<Error | undefined>((resolve) => {
    program.on('error', (error) => resolve(programError('db_dump', error)));
    program.on('close', (status) => resolve(status === 0 ? undefined : programError('db_dump', { stderr })));
  });
  yield* program.stdout;
  const error = await failure;
  if (error !== undefined) throw error;
}

function programError(program: string, error: unknown): Error {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message?: string };
  if (code === 'ENOENT')
    return new Error(
      `${program} is not installed; db_dump and db_recover come with: apt-get install db-util`,
    );
  const reason = (stderr?.trim() || message || 'it failed').split('\n')[0];
  return new Error(
    `${reason} (a copy of a busy database can be unusable: try again, or stop postgrey first)`,
  );
}
