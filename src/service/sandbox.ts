/**
 * Where programs read files that somebody else has written, and who may have written them to do harm: a folder with
 * copies of these, and a way to run programs on it that can change nothing else.
 *
 *   as root    in /var/tmp, which must be a folder that keeps what is root's from others; the programs run as an account
 *              that nobody has (of those that systemd gives to DynamicUser=), without privileges or a way to them, and
 *              see the copies and, read-only, /usr alone: in namespaces of their own, without a network
 *   as others  in a folder of theirs; the programs run as whoever started this one
 *
 * Known limit: where the system gives root no namespaces, as in some containers, the programs see all files, as that
 * account that owns nothing but the copies.
 */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from './clean-environment.ts';

/** Of systemd's DynamicUser= (https://systemd.io/UIDS-GIDS/). */
const FREE_UIDS = { min: 61184, max: 65519 } as const;
/** Only root can rename there what is root's. */
const PLACE = '/var/tmp';
const PREFIX = 'greyctl-import';
/** How long a program may use a processor, in seconds. */
const CPU_LIMIT = 3600;

/** A program, its arguments, and how it is to be started. */
export interface Confined {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> };
}

export interface Sandbox {
  /** Where the copies are put. */
  readonly copies: string;
  /** For files that the programs may not exchange. */
  readonly own: string;
  /** Hands the copies over to the account of the programs; nothing is put there any more. */
  readonly close: () => void;
  /** @param words in which `FOLDER` is the folder of the copies, as the program sees it */
  readonly command: (program: string, ...words: readonly string[]) => Confined;
  readonly remove: () => void;
}

/** $1: the folder of a sandbox, $2: the account, then the program. Its root folder is made anew, of /usr and the copies. */
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
/** The part of what is free on the disk that one file of theirs may take: a damaged database can be read without an end. */
const ROOM_SHARE = 0.5;

/** The sandbox of a process that is not root. @param folder empty, and its own */
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
 * The sandbox of root. It is removed when the process exits, if it was not before; what one has left that was killed
 * the next one removes.
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
  const room = Math.floor(bavail * bsize * ROOM_SHARE);
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
      // The folders above are closed for it: it is there when it becomes that account.
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

/** @throws if others could exchange what root makes there */
function requireSticky(): void {
  const { uid, mode } = statSync(PLACE);
  const isOpen = (mode & 0o022) !== 0 && (mode & 0o1000) === 0;
  if (uid !== 0 || isOpen)
    throw new Error(`${PLACE} is not root's, or has no sticky bit: chown root ${PLACE}; chmod 1777 ${PLACE}`);
}

/** Of root's alone: anybody can make a folder of this name there. */
function removeAbandoned(): void {
  for (const name of readdirSync(PLACE)) {
    const [, prefix, pid] = /^(.+)-(\d+)-\w+$/.exec(name) ?? [];
    if (prefix !== PREFIX || isRunning(Number(pid))) continue;
    const path = join(PLACE, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.uid === 0) removeTree(path);
  }
}

/** By rm(1), which follows no link that somebody puts in the place of a folder meanwhile. */
function removeTree(path: string): void {
  try {
    execFileSync('rm', ['-rf', '--one-file-system', '--', path], {
      stdio: 'ignore',
      env: cleanEnvironment({ alsoInSystem: true }),
    });
  } catch {
    // Whoever may remove it finds it by its name.
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

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function succeeds(program: string, args: readonly string[], env: Readonly<Record<string, string>>): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', env });
    return true;
  } catch {
    return false;
  }
}
