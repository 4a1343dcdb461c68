/**
 * postgrey's database directory, an environment of Berkeley DB, read through Berkeley DB's own
 * programs. What they read is a copy, first of the database files and then of the logs, brought up to
 * date by db_recover, so that postgrey may go on running and its files are never touched.
 *
 * The files are opened by root and copied by the account that gets them: root makes nothing in a
 * directory where another account could exchange it.
 *
 * Known limit: a log that postgrey begins during the copy is missing in it. db_recover then fails, or
 * the last moments are missing.
 */
import { execFile, spawn } from 'node:child_process';
import { constants, createReadStream, createWriteStream, fstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Key } from '../greylist/keys.ts';

/** The files in which postgrey keeps its records. */
const DATABASES = [
  ['triplet', 'postgrey.db'],
  ['client', 'postgrey_clients.db'],
] as const;

/** One of its databases, as db_dump prints it. */
export interface PostgreyDatabase {
  readonly kind: Key['kind'];
  readonly dump: AsyncIterable<Buffer>;
}

interface OpenFile {
  readonly name: string;
  readonly fd: number;
}

export class PostgreyEnvironment {
  /** In the order in which they must be copied: the logs know of every change in the databases. */
  readonly #files: readonly OpenFile[];

  private constructor(files: readonly OpenFile[]) {
    this.#files = files;
  }

  /**
   * Opens its files, while there is the right to.
   * @throws if they cannot be opened, or are none of postgrey's
   */
  static open(directory: string): PostgreyEnvironment {
    const names = namesIn(directory);
    const [, required] = DATABASES[0];
    if (!names.includes(required)) {
      throw new Error(`${directory} is no database directory of postgrey: it holds no ${required}`);
    }
    const databases = DATABASES.map(([, name]) => name).filter((name) => names.includes(name));
    const logs = names.filter((name) => /^log\.\d+$/.test(name)).sort();
    return new PostgreyEnvironment(
      [...databases, ...logs].map((name) => ({ name, fd: openFile(join(directory, name)) })),
    );
  }

  /** Copies the files into an empty folder and brings them up to date. */
  async copyTo(folder: string): Promise<PostgreyDatabase[]> {
    for (const { name, fd } of this.#files) {
      const copy = createWriteStream(join(folder, name), { flags: 'wx', mode: 0o600 });
      await pipeline(createReadStream('', { fd, start: 0 }), copy);
    }
    try {
      await promisify(execFile)('db_recover', ['-c', '-h', folder]);
    } catch (error) {
      throw programError('db_recover', error);
    }
    return [...DATABASES]
      .reverse()
      .filter(([, name]) => this.#files.some((file) => file.name === name))
      .map(([kind, name]) => ({ kind, dump: dumpOf(join(folder, name)) }));
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    throw new Error(`${directory}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** No link is followed: root would hand on what it leads to. */
function openFile(path: string): number {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (fstatSync(fd).isFile()) return fd;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ELOOP') throw new Error(`${path}: cannot be read (${code})`);
  }
  throw new Error(`${path}: is no plain file`);
}

async function* dumpOf(path: string): AsyncGenerator<Buffer, void> {
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
  if (code === 'ENOENT') {
    return new Error(
      `${program} is not installed; db_dump and db_recover come with: apt-get install db-util`,
    );
  }
  const reason = (stderr?.trim() || message || 'it failed').split('\n')[0];
  return new Error(
    `${reason} (try again, or stop postgrey and use: db_dump -p postgrey.db | greyctl import -)`,
  );
}
