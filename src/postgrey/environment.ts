/**
 * Reads postgrey's database directory, an environment of Berkeley DB, through Berkeley DB's own programs. These read a
 * copy, first of the database files and then of the logs, which db_recover brings up to date: postgrey may keep
 * running, and its files are never changed.
 *
 * The directory belongs to an account that root must not trust, and db_recover writes to any file that a log names. So
 *
 *   only plain files that are named here are opened (no DB_CONFIG), by no link, and none of another account
 *   no more is copied than there is room for
 *   a log that names other files than postgrey's is refused (db_printlog)
 *   all of these programs run in a sandbox, see service/sandbox
 *
 * Known limit: a log that postgrey begins during the copy is missing in it. db_recover then fails, or the last moments
 * are missing.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  createReadStream,
  createWriteStream,
  fstatSync,
  openSync,
  readdirSync,
  statfsSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { Key } from '../greylist/keys.ts';
import type { Confined, Sandbox } from '../service/sandbox.ts';

/** The files in which postgrey keeps its records. Clients come first: they show best which version wrote the files. */
const DATABASES = [
  ['client', 'postgrey_clients.db'],
  ['triplet', 'postgrey.db'],
] as const;
const REQUIRED = 'postgrey.db';

/** The file names that a log of postgrey may have: its databases, and Berkeley DB's names for them until they exist. */
const OWN_NAME = /^(?:postgrey(?:_clients)?\.db|__db\.[0-9a-f]+\.[0-9a-f]+)(?:\\0)?$/;
/** A field in the output of db_printlog that has the name of a file or folder. */
const NAME_FIELD = /^\t(?:name|oldname|newname|dirname|real_name|tmp_name): len: *(\d+)(?: data: (.*))?$/;

/** The share of the free disk space that copies may take. */
const ROOM_SHARE = 0.5;

/** A database of postgrey, as db_dump prints it. */
export interface PostgreyDatabase {
  readonly kind: Key['kind'];
  readonly dump: AsyncIterable<Buffer>;
}

interface OpenFile {
  readonly name: string;
  readonly fd: number;
}

export class PostgreyEnvironment {
  readonly #directory: string;
  /** The files in the order in which to copy them: databases first, so that the logs hold every change in them. */
  readonly #files: readonly OpenFile[];

  private constructor(directory: string, files: readonly OpenFile[]) {
    this.#directory = directory;
    this.#files = files;
  }

  /**
   * Opens the files, while the process may.
   * @throws if they cannot be opened, or are not postgrey's
   */
  static open(directory: string): PostgreyEnvironment {
    const folder = openDirectory(directory);
    try {
      const names = readdirSync(pathIn(folder));
      if (!names.includes(REQUIRED)) {
        throw new Error(`${directory} is not a database directory of postgrey: ${REQUIRED} is missing`);
      }
      const databases = DATABASES.map(([, name]) => name).filter((name) => names.includes(name));
      const logs = names.filter((name) => /^log\.\d{10}$/.test(name)).sort();
      const open = (name: string) => ({ name, fd: openFile(folder, name, join(directory, name)) });
      return new PostgreyEnvironment(directory, [...databases, ...logs].map(open));
    } finally {
      closeSync(folder);
    }
  }

  /**
   * Copies the files into a sandbox and brings them up to date there.
   * @returns the databases; their dumps are unlinked files, which vanish with this process
   */
  async dumpIn(sandbox: Sandbox): Promise<PostgreyDatabase[]> {
    await this.#copyTo(sandbox.copies);
    sandbox.close();
    if (this.#files.some(({ name }) => name.startsWith('log.'))) await this.#checkNames(sandbox);
    await finished('db_recover', sandbox.command('db_recover', '-c', '-h', 'FOLDER'), 'ignore');
    const databases: PostgreyDatabase[] = [];
    for (const [kind, name] of DATABASES) {
      if (!this.#files.some((file) => file.name === name)) continue;
      const path = join(sandbox.own, `${kind}.dump`);
      const fd = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
      await finished('db_dump', sandbox.command('db_dump', '-p', `FOLDER/${name}`), fd);
      databases.push({ kind, dump: createReadStream('', { fd, start: 0 }) });
    }
    return databases;
  }

  async #copyTo(folder: string): Promise<void> {
    const { bavail, bsize } = statfsSync(folder);
    const room = Math.floor(bavail * bsize * ROOM_SHARE);
    let copied = 0;
    for (const { name, fd } of this.#files) {
      const copy = createWriteStream(join(folder, name), { flags: 'wx', mode: 0o600 });
      const bounded = async function* (bytes: AsyncIterable<Buffer>) {
        for await (const piece of bytes) {
          copied += piece.length;
          if (copied > room)
            throw new Error(
              `not enough space in ${folder} for a copy of the database: only ${room} bytes can be used`,
            );
          yield piece;
        }
      };
      await pipeline(createReadStream('', { fd, start: 0 }), bounded, copy);
    }
  }

  /** @throws (rejects) if the logs name files that are not postgrey's: db_recover would write to them */
  async #checkNames(sandbox: Sandbox): Promise<void> {
    const { program, args, options } = sandbox.command('db_printlog', '-h', 'FOLDER');
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = endOf('db_printlog', child);
    // An error is reported below, when the output has been read.
    ended.catch(() => {});
    let other: string | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      const [, length, name = ''] = NAME_FIELD.exec(line) ?? [];
      if (length !== undefined && length !== '0' && !OWN_NAME.test(name)) other ??= name;
    }
    await ended;
    if (other === undefined) return;
    throw new Error(
      `nothing was imported: a Berkeley DB log in ${this.#directory} names ${other.slice(0, 200)}, which is not a file of postgrey; to import without the logs: db_dump -p ${join(this.#directory, REQUIRED)} | greyctl import -`,
    );
  }
}

function openDirectory(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw new Error(`cannot read ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Returns a path into the directory that was opened, even if its name leads elsewhere by now. */
function pathIn(folder: number, name = ''): string {
  return `/proc/self/fd/${folder}/${name}`;
}

/** Opens a plain file of the directory's account. Through a link root would read, and pass on, files of its own. */
function openFile(folder: number, name: string, path: string): number {
  let fd: number;
  try {
    fd = openSync(pathIn(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(code === 'ELOOP' ? `${path} is not a plain file` : `cannot read ${path} (${code})`);
  }
  const { uid, nlink } = fstatSync(fd);
  if (!fstatSync(fd).isFile()) throw new Error(`${path} is not a plain file`);
  if (nlink > 1 && uid !== fstatSync(folder).uid)
    throw new Error(`${path} belongs to another account, and has a second name (hard link)`);
  return fd;
}

/** Runs a program until it ends. @param output where its output goes */
async function finished(
  name: string,
  { program, args, options }: Confined,
  output: number | 'ignore',
): Promise<void> {
  await endOf(name, spawn(program, args, { ...options, stdio: ['ignore', output, 'pipe'] }));
}

interface Ending {
  readonly stderr: NodeJS.ReadableStream | null;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: (status: number | null) => void): unknown;
}

/** Characters that are read of a program's error messages. */
const MAX_SAID = 4096;

/** @throws (rejects) with the reason if it fails */
function endOf(name: string, child: Ending): Promise<void> {
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr = (stderr + text).slice(0, MAX_SAID);
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(programError(name, error)));
    child.on('close', (status) => (status === 0 ? resolve() : reject(programError(name, { stderr }))));
  });
}

function programError(program: string, error: unknown): Error {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message?: string };
  if (
    code === 'ENOENT' ||
    (/: No such file or directory$/.test(stderr?.trim() ?? '') && stderr?.includes(`execute ${program}`))
  ) {
    return new Error(
      `${program} is not installed; db_dump and db_recover come with: apt-get install db-util`,
    );
  }
  const reason = (stderr?.trim() || message || `${program} failed`).split('\n')[0];
  return new Error(
    `${reason} (try again, or stop postgrey and use: db_dump -p postgrey.db | greyctl import -)`,
  );
}
