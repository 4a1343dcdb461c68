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
 * Starts the process in the background.
 * @returns the exit status for this process, and the error to show if it is not 0
 */
export function startBackground(): Promise<{ status: number; error: string | undefined }> {
  const child = spawn(process.execPath, process.argv.slice(1), {
    detached: true,
    env: { ...process.env, [MARK]: '1' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return new Promise((resolve) => {
    let error: string | undefined;
    child.on('message', (report: Report) => {
      if ('error' in report) error = report.error;
      else resolve({ status: 0, error: undefined });
    });
    child.on('error', ({ message }) => resolve({ status: 1, error: message }));
    child.on('exit', (status, signal) => {
      resolve({
        status: status || 1,
        error: error ?? `the process in the background ended early (${signal ?? `status ${status}`})`,
      });
    });
  });
}

/** Tells the process that started this one, which then goes its way. */
export function reportToStarter(report: Report): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(report, undefined, undefined, () => {
      if ('serving' in report) process.disconnect?.();
      resolve();
    });
  });
}
