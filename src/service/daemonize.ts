/**
 * --daemonize. Node.js cannot fork, so the program starts itself again, detached and in a session
 * of its own. The first process waits until the second one serves, or has failed: whoever started
 * it sees the error and the exit status, and can rely on the socket once it returns.
 */
import { spawn } from 'node:child_process';

/** What the process in the background tells the one that started it. */
type Report = { readonly serving: true } | { readonly error: string };

/** Tells the second process that it is the second. */
const MARK = 'GREYD_BACKGROUND';

/** Whether this process is the one in the background. */
export function isBackground(): boolean {
  return process.env[MARK] !== undefined && process.send !== undefined;
}

/**
 * Starts the process in the background and exits: with status 0 once it serves, else with its own
 * status. A signal that comes before that goes on to it.
 * @param tell takes the error if it fails
 * @param clearAway takes the id of the failed process, which had perhaps given root up: of what it
 *   made, this process may have to remove the rest
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
      tell(error ?? `the process in the background ended early (${signal ?? `status ${status}`})`);
      process.exit(status || 1);
    });
  });
}

/** Tells the process that started this one, which then goes its way. */
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

/** Calls `end` if the process that started this one ends before it was told that this one serves. */
export function onStarterGone(end: () => void): void {
  process.once('disconnect', end);
}
