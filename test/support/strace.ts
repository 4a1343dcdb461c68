/**
 * Faults of a disk that is sound: strace(1) has the system calls of a running daemon fail, or takes its
 * time over them, until it is told to let go.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { Daemon } from './daemon.ts';
import type { Needs } from './requirements.ts';

export const STRACE_NEEDS = {
  programs: ['strace'],
  commands: ['strace -D -o /dev/null true'],
} satisfies Needs;

export interface Injection {
  /** Only calls on this file; defaults to all. */
  readonly path?: string;
  /** Where strace writes the calls; defaults to nowhere. */
  readonly output?: string;
}

/** The options of strace that have `calls` fail. */
export function injecting(calls: string, { path, output = '/dev/null' }: Injection = {}): string[] {
  const [names] = calls.split(':');
  const filters = [`trace=${names}`, `inject=${calls}`, 'signal=none'].flatMap((filter) => ['-e', filter]);
  return ['-f', '-o', output, ...filters, ...(path === undefined ? [] : ['-P', path])];
}

/**
 * @param calls of strace's `inject=`: `fdatasync:error=EIO`
 * @returns settles when the calls fail; what it gives makes them work again
 */
export async function inject(
  daemon: Daemon,
  calls: string,
  injection: Injection = {},
): Promise<() => Promise<void>> {
  const args = ['-p', String(daemon.pid), ...injecting(calls, injection)];
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void strace.kill('SIGKILL'));
  const ended = once(strace, 'close');
  let said = '';
  await new Promise<void>((resolve, reject) => {
    // Read for as long as it lives: it tells of each thread that is born, and dies if nobody takes that.
    strace.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/ attached/.test(said)) resolve();
    });
    void ended.then(() => reject(new Error(`strace: ${said}`)));
  });
  return async () => {
    strace.kill('SIGINT');
    await ended;
  };
}
