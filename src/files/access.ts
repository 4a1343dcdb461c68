/**
 * Finds out why an account may not use a file: the missing right, and the owner. SQLite itself only reports that it
 * cannot open the file, or that it is read-only.
 *
 * Known limit: names of accounts are those in /etc/passwd; other accounts appear as numbers.
 */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';

const { R_OK, W_OK, X_OK } = constants;

interface Right {
  readonly path: string;
  readonly mode: number;
  /** The use that needs the right, after "may not". */
  readonly verb: string;
}

/**
 * @param path of a file that is to be read and written, and perhaps created
 * @param beside other files that must be usable if they exist
 * @returns undefined if no right is missing
 */
export function missingRight(path: string, beside: readonly string[] = []): string | undefined {
  const folder = dirname(resolve(path));
  const rights: Right[] = [
    ...foldersAbove(folder).map((above) => ({ path: above, mode: X_OK, verb: 'enter' })),
    { path: folder, mode: R_OK | W_OK | X_OK, verb: 'create files in' },
    ...[path, ...beside].map((file) => ({ path: file, mode: R_OK | W_OK, verb: 'read and write' })),
  ];
  const missing = rights.find((right) => existsSync(right.path) && !isGranted(right));
  if (missing === undefined) return undefined;
  const { uid, mode } = statSync(missing.path);
  const account = ownName();
  const permissions = (mode & 0o7777).toString(8).padStart(3, '0');
  const owner = accountName(uid);
  const lacks = `account ${account} may not ${missing.verb} ${missing.path}, which belongs to ${owner} and has mode ${permissions}`;
  const isFolder = (missing.mode & X_OK) !== 0;
  if (owner === account) return `${lacks}: chmod u+rw${isFolder ? 'x' : ''} ${missing.path}`;
  // A folder may be the system's: giving that away would be worse.
  return `${lacks}: ${isFolder ? 'give greyd a directory of its own, see --dbdir' : `chown ${account}: ${missing.path}`}`;
}

/** Returns the parent folders, from the root on. */
function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [...foldersAbove(above), above];
}

function isGranted({ path, mode }: Right): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch (error) {
    // A read-only file system has an error of its own.
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  }
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    // A number that is no known user.
    const [, uid = ''] = /^Uid:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    return uid;
  }
}

function accountName(uid: number): string {
  try {
    // passwd(5): name:password:uid:...
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.split(':')[2] === String(uid));
    return line?.split(':')[0] ?? `user ${uid}`;
  } catch {
    return `user ${uid}`;
  }
}
