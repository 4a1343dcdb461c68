/**
 * The steps that a daemon started as root may still do as root while it opens its sockets and files. It acts as
 * its own
 * account from the beginning (effective ids, credentials(7)), so that its files belong to the account, and no
 * link of
 * another user leads further than the account may go. It becomes root again for single steps only: for a port
 * below 1024,
 * and for files in a folder that the account may not write to.
 *
 * In such a folder (see root-folders.ts) a file is made beside its place, given to the account through its
 * descriptor, and
 * only then renamed: it has its owner and its mode from the first moment.
 */
import {
  chownSync,
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  writeSync,
} from 'node:fs';
import { type Account, becomeAccount, becomeGroups } from './account.ts';
import {
  denied,
  giveFolder,
  inFolder,
  makeInFolder,
  makeWithParents,
  NO_FILE,
  PlaceError,
} from './root-folders.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_WRONLY, O_CREAT, O_EXCL } = constants;
/** Refers to a file without opening it (open(2)); Node.js has no constant for it. */
const O_PATH = 0o10000000;

export class Privileges {
  #account: Account | undefined;

  /** @param account to act as from now on; undefined: the current one, which cannot become root */
  constructor(account: Account | undefined) {
    process.umask(0o077);
    // A daemon that stays root has nothing to drop.
    if (account?.uid === 0) becomeAccount(account);
    if (account === undefined || account.uid === 0) return;
    this.#account = account;
    becomeGroups(account);
    process.seteuid?.(account.uid);
  }

  /** Drops root privileges for good. */
  giveUp(): void {
    if (this.#account === undefined) return;
    process.seteuid?.(0);
    becomeAccount(this.#account);
  }

  /**
   * Runs a step as the account, and again as root if the account may not do it.
   * @param asRoot what root does instead of the same step
   * @throws (rejects with) the error of the last attempt
   */
  async attempt<Result>(
    step: () => Promise<Result>,
    asRoot: (account: Account) => Promise<Result> = step,
  ): Promise<Result> {
    try {
      return await step();
    } catch (error) {
      const account = this.#account;
      if (account === undefined || !isDenied(error)) throw error;
      return await this.#asRoot(account, () => asRoot(account));
    }
  }

  async #asRoot<Result>({ uid }: Account, step: () => Promise<Result>): Promise<Result> {
    process.seteuid?.(0);
    try {
      return await step();
    } finally {
      process.seteuid?.(uid);
    }
  }

  /**
   * Makes the file of a socket as the account or, in its name, as root, and replaces an old socket.
   * @param make binds a socket to the path that it is given
   * @throws (rejects with) what `make` throws, or {PlaceError}
   */
  makeSocket(path: string, mode: number, make: (path: string) => Promise<void>): Promise<void> {
    return this.#withMode(mode, () =>
      this.attempt(
        () => make(path),
        (account) =>
          makeInFolder(path, 'socket', async (beside) => {
            await make(beside);
            giveSocket(beside, account);
          }),
      ),
    );
  }

  /**
   * Writes a file that belongs to root where root can rely on the path: root's scripts want it so
   * (start-stop-daemon(8)
   * trusts no other pid file). Replaces an existing file.
   * @param mode of the file, 0 to 0o777
   * @throws (rejects with) {PlaceError} if something else is there, or the system's error
   */
  writeFile(path: string, mode: number, text: string): Promise<void> {
    const account = this.#account;
    return this.#withMode(mode, async () => {
      if (account === undefined) return writeOver(path, text);
      try {
        await this.#asRoot(account, () =>
          makeInFolder(path, 'file', async (beside) => writeNew(beside, text)),
        );
      } catch (error) {
        if (!isDenied(error)) throw error;
        writeOver(path, text);
      }
    });
  }

  /**
   * Makes a folder if there is none, with its parents, and gives an empty one of root's to the account.
   * @throws (rejects with) the system's error
   */
  makeDirectory(path: string): Promise<void> {
    return this.attempt(
      async () => {
        makeWithParents(path);
        // Only root can give it away.
        if (this.#account !== undefined && lstatSync(path).uid === 0) throw denied(path);
      },
      async (account) => giveFolder(path, account),
    );
  }

  /** Runs `make` with a umask that gives its files this mode. */
  async #withMode<Result>(mode: number, make: () => Promise<Result>): Promise<Result> {
    const before = process.umask(0o777 & ~mode);
    try {
      return await make();
    } finally {
      process.umask(before);
    }
  }
}

function isDenied(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function giveSocket(path: string, { uid, gid }: Account): void {
  const file = openSync(path, O_PATH | O_NOFOLLOW);
  try {
    const stat = fstatSync(file);
    if (!stat.isSocket() || stat.uid !== 0 || stat.nlink !== 1)
      throw new PlaceError('another program has put something else in its place');
    chownSync(inFolder(file), uid, gid);
  } finally {
    closeSync(file);
  }
}

function writeNew(path: string, text: string): void {
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o777);
  try {
    // Its group is the account's until then.
    fchownSync(file, 0, 0);
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}

/**
 * Writes over a file, but follows no link: a file with a second name may be another user's; a FIFO without a
 * reader would block.
 */
function writeOver(path: string, text: string): void {
  let file: number;
  try {
    file = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o777);
  } catch (error) {
    // A link, a FIFO, a folder.
    const isOther = ['ELOOP', 'ENXIO', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    throw isOther ? new PlaceError(NO_FILE) : error;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.nlink !== 1) throw new PlaceError(NO_FILE);
    ftruncateSync(file);
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}
