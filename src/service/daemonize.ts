/**
 * --daemonize. Node.js cannot fork, so the program starts itself again, detached and in a session
 * of its own. The first process waits until the second one serves, or has failed: its caller
 * sees the error and the exit status, and can rely on the socket once it returns.
 */
import { spawn } from 'node:child_process';

/** The message from the process in the background to its starter. */
type Report = { readonly serving: true } | { readonly error: string };

/** The variable that marks the second process. */
const MARK = 'GREYD_BACKGROUND';

/** Tells whether this process is the one in the background. */
export function isBackground(): boolean {
  return process.env[MARK] !== undefined && process.send !== undefined;
}

/**
 * Starts the process in the background and exits: with status 0 once it serves, else with its
 * status. A signal before that is passed on to it.
 * @param tell takes the error if it fails
 * @param clearAway takes the id of the failed process, which may have dropped root privileges: this process may
 *   have to remove the rest of its files
 */
export async function startBackground(
  tell: (error: string) => void,
  clearAway: (pid: number) => void,
): Promise<never> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    env: { ...process.env, [MARK]: '1' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
  return new Promise(() => {
    let error: string | undefined;
    child.on('message', (report: Report) => {
      if ('error' in report) error = report.error;
      else process.exit(0);
    });
    child.on('error', ({ message }) => {
      tell(message);
      process.exit(1);
    });
    child.on('close', (status, signal) => {
      if (child.pid !== undefined) clearAway(child.pid);
      tell(error ?? `the background process ended early (${signal ?? `status ${status}`})`);
      process.exit(status || 1);
    });
  });
}

/** Reports to the starter of this process, which then exits. */
export function reportToStarter(report: Report): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve();
    process.removeAllListeners('disconnect');
    process.send?.(report, undefined, undefined, () => {
      if ('serving' in report && process.connected) process.disconnect?.();
      resolve();
    });
  });
}

/** Calls `end` if the starter of this process ends before it knows that this one serves. */
export function onStarterGone(end: () => void): void {
  process.once('disconnect', end);
}
