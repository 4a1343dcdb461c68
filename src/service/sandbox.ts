/**
 * A place where programs read files that another user has written, perhaps to do harm: a folder with
 * copies of these, and a way to run programs on it that can change nothing else.
 *
 *   as root    in /var/tmp, which must keep root's files from others; the programs run as an account
 *              that no user has (from the range of systemd's DynamicUser=), without privileges or a way to gain
 * them, and
 *              see only the copies and, read-only, /usr: in namespaces of their own, without a network
 *   as others  in a folder of theirs; the programs run as the user who started this one
 *
 * Known limit: where the system gives root no namespaces, as in some containers, the programs see all files, as
 * an account that owns nothing but the copies.
 */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from './clean-environment.ts';
import { isRunning } from './running.ts';

/** The range of systemd's DynamicUser= (https://systemd.io/UIDS-GIDS/). */
const FREE_UIDS = { min: 61184, max: 65519 } as const;
/** Only root can rename root's files there. */
const PLACE = '/var/tmp';
const PREFIX = 'greyctl-import';
/** CPU time limit of a program, in seconds. */
const CPU_LIMIT = 3600;

/** A program, its arguments, and how to start it. */
export interface Confined {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> };
}

export interface Sandbox {
  /** The folder for the copies. */
  readonly copies: string;
  /** The folder for files that the programs must not replace. */
  readonly own: string;
  /** Gives the copies to the account of the programs; nothing must be added after it. */
  readonly close: () => void;
  /** @param words in which `FOLDER` is the folder of the copies, as the program sees it */
  readonly command: (program: string, ...words: readonly string[]) => Confined;
  readonly remove: () => void;
}

/**
 * $1: the folder of a sandbox, $2: the account, then the program. Its root folder is built from /usr and the
 * copies.
 */
const CONFINE = `
set -e
mount -t tmpfs -o mode=0755 greyctl "$1/root"
cd "$1/root"
for name in usr lib lib32 lib64 libx32 bin sbin; do
  if [ -h "/$name" ]; then
    cp -P "/$name" .
  elif [ -d "/$name" ]; then
    mkdir "$name"
    mount --bind "/$name" "$name"
    mount -o remount,bind,ro,nosuid "$name"
  fi
done
mkdir copies
mount --bind "$1/copies" copies
mount -o remount,bind,nosuid,nodev,noexec copies
mount -o remount,ro .
uid=$2
shift 2
exec chroot . setpriv --reuid="$uid" --regid="$uid" "$@"
`;

const NAMESPACES = ['--mount', '--net', '--ipc', '--uts', '--pid', '--fork', '--kill-child'];
const WITHOUT_PRIVILEGES = ['--clear-groups', '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs'];
/**
 * The share of the free disk space that one file of the programs may take: a damaged database can be read
 * endlessly.
 */
const SANDBOX_ROOM_SHARE = 0.5;

/** Returns the sandbox of a process that is not root. @param folder empty, and its own */
export function plainSandbox(folder: string): Sandbox {
  return {
    copies: folder,
    own: folder,
    close: () => {},
    command: (program, ...words) => ({
      program,
      args: words.map((word) => word.replace('FOLDER', folder)),
      options: { cwd: folder, env: cleanEnvironment() },
    }),
    remove: () => {},
  };
}

/**
 * Returns the sandbox of root. It is removed when the process exits at the latest; the next process removes
 * that of one
 * that was killed.
 */
export function rootSandbox(): Sandbox {
  requireSticky();
  removeAbandoned();
  const folder = mkdtempSync(join(PLACE, `${PREFIX}-${process.pid}-`));
  const remove = () => removeTree(folder);
  process.on('exit', remove);
  const copies = join(folder, 'copies');
  for (const path of [copies, join(folder, 'root')]) mkdirSync(path, { mode: 0o700 });
  const uid = freeUid();
  const { bavail, bsize } = statfsSync(PLACE);
  const room = Math.floor(bavail * bsize * SANDBOX_ROOM_SHARE);
  const limits = ['prlimit', `--cpu=${CPU_LIMIT}`, `--fsize=${room}`, '--core=0', '--'];
  const isolated = (...words: readonly string[]): string[] => [
    ...NAMESPACES,
    '--',
    'sh',
    '-c',
    CONFINE,
    'sh',
    folder,
    `${uid}`,
    ...WITHOUT_PRIVILEGES,
    ...limits,
    ...words,
  ];
  const env = cleanEnvironment();
  let hasNamespaces: boolean | undefined;
  return {
    copies,
    own: folder,
    close: () => {
      for (const name of readdirSync(copies)) chownSync(join(copies, name), uid, uid);
      chownSync(copies, uid, uid);
    },
    command: (program, ...words) => {
      hasNamespaces ??= succeeds('unshare', isolated('true'), env);
      if (hasNamespaces) {
        const inside = words.map((word) => word.replace('FOLDER', '/copies'));
        return { program: 'unshare', args: isolated(program, ...inside), options: { cwd: '/', env } };
      }
      // It may not pass the parent folders, so it starts inside.
      const as = [`--reuid=${uid}`, `--regid=${uid}`, ...WITHOUT_PRIVILEGES, ...limits];
      const beside = words.map((word) => word.replace('FOLDER', '.'));
      return { program: 'setpriv', args: [...as, program, ...beside], options: { cwd: copies, env } };
    },
    remove: () => {
      remove();
      process.off('exit', remove);
    },
  };
}

/** @throws if other users could replace what root makes there */
function requireSticky(): void {
  const { uid, mode } = statSync(PLACE);
  const isOpen = (mode & 0o022) !== 0 && (mode & 0o1000) === 0;
  if (uid !== 0 || isOpen)
    throw new Error(`${PLACE} is not root's, or has no sticky bit: chown root ${PLACE}; chmod 1777 ${PLACE}`);
}

/** Removes abandoned sandboxes, but only root's: any user can make a folder of this name there. */
function removeAbandoned(): void {
  for (const name of readdirSync(PLACE)) {
    const [, prefix, pid] = /^(.+)-(\d+)-\w+$/.exec(name) ?? [];
    if (prefix !== PREFIX || isRunning(Number(pid))) continue;
    const path = join(PLACE, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.uid === 0) removeTree(path);
  }
}

/** Uses rm(1), which follows no link that another user puts in the place of a folder. */
function removeTree(path: string): void {
  try {
    execFileSync('rm', ['-rf', '--one-file-system', '--', path], {
      stdio: 'ignore',
      env: cleanEnvironment({ alsoInSystem: true }),
    });
  } catch {
    // An administrator finds it by its name.
  }
}

function freeUid(): number {
  for (;;) {
    const uid = randomInt(FREE_UIDS.min, FREE_UIDS.max + 1);
    if (
      !succeeds('getent', ['passwd', `${uid}`], cleanEnvironment({ alsoInSystem: true })) &&
      !hasProcesses(uid)
    )
      return uid;
  }
}

function hasProcesses(uid: number): boolean {
  return readdirSync('/proc').some(
    (name) => /^\d+$/.test(name) && lstatSync(join('/proc', name), { throwIfNoEntry: false })?.uid === uid,
  );
}

function succeeds(program: string, args: readonly string[], env: Readonly<Record<string, string>>): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', env });
    return true;
  } catch {
    return false;
  }
}
