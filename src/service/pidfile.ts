/**
 * The file that holds the daemon's process id while it runs, and the rule that follows from it: where
 * the file names a running greyd, no second one starts.
 *
 *   file :== process-id LF
 *
 * Any other content is out of date and is replaced: nothing (a write was interrupted), a process
 * that has ended, or one that is no greyd (ids are reused, above all after a reboot). Where
 * /proc is missing or hides the process, any that this one may send signals to counts as a greyd.
 * Known limit: so does a process id that another greyd, of another pid file, got in the meantime.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { isBackground } from './daemonize.ts';
import type { Privileges } from './privileges.ts';
import { PROCESS_NAME } from './process-name.ts';

/** A link may lead to another user's file, and a FIFO without a writer would block the start for good. */
const READ_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Larger than a process id and blanks. */
const MAX_PIDFILE_BYTES = 64;

/**
 * Refuses a second greyd; called before anything is opened.
 * @throws if the file names a running greyd
 */
export function refuseSecondGreyd(path: string): void {
  const pid = readPid(path);
  if (pid === undefined || isOwn(pid) || !isLivingGreyd(pid)) return;
  throw new Error(`--pidfile=${path}: greyd is running already, as process ${pid}; stop it first`);
}

/**
 * Writes the file, and removes it when the process exits.
 * @throws (rejects) if it cannot be written
 */
export async function keepPidfile(path: string, privileges: Privileges): Promise<void> {
  try {
    await privileges.writeFile(path, 0o644, `${process.pid}\n`);
  } catch (error) {
    const { code, message, syscall } = error as NodeJS.ErrnoException;
    const reason = syscall === undefined ? message : code;
    throw new Error(`--pidfile=${path}: cannot write the file (${reason})`);
  }
  process.on('exit', () => removePidfile(path, process.pid));
}

/**
 * Removes the file if it names this process. An account that has dropped root privileges may lack the right to; the
 * file then names a process that has ended, which readers must expect anyway.
 */
export function removePidfile(path: string, pid: number): void {
  try {
    if (readPid(path) === pid) rmSync(path);
  } catch {
    // See above.
  }
}

/** @returns undefined if there is no file, or no process id in it */
function readPid(path: string): number | undefined {
  try {
    const [, pid] = /^\s*([1-9]\d{0,9})\s*$/.exec(readPidText(path)) ?? [];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    // A file that cannot be read cannot be written either: writing it will report that.
    return undefined;
  }
}

/** Returns the beginning of the file; empty if it is no file. */
function readPidText(path: string): string {
  const file = openSync(path, READ_FILE);
  try {
    const bytes = Buffer.alloc(MAX_PIDFILE_BYTES);
    return fstatSync(file).isFile() ? bytes.toString('latin1', 0, readSync(file, bytes)) : '';
  } finally {
    closeSync(file);
  }
}

/**
 * Tells whether an id is that of this process, or with --daemonize of its starter: both are greyds, and in
 * containers
 * they have the same ids each time.
 */
function isOwn(pid: number): boolean {
  return pid === process.pid || (isBackground() && pid === process.ppid);
}

/** Tells whether a process is, or may be, a greyd. */
function isLivingGreyd(pid: number): boolean {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return canSignal(pid);
  }
  // A zombie has ended, and only waits for its parent.
  return status.startsWith(`Name:\t${PROCESS_NAME}\n`) && !/^State:\t[ZX]/m.test(status);
}

function canSignal(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
