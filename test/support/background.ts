/**
 * Processes that are no children of the test: a greyd that was started with --daemonize, above all.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { GREYD_COMMAND, temporaryDirectory } from './daemon.ts';
import { PolicyClient } from './policy-client.ts';

export interface BackgroundSettings {
  /** A command that runs the daemon in some surroundings, see own-mounts.ts. */
  readonly launcher?: readonly string[];
  /** Defaults to the account that runs the test. */
  readonly user?: string;
}

/** A greyd in the background, with a folder of its own. */
export class BackgroundDaemon {
  readonly path: string;
  readonly pidfile: string;
  /** The words of its command line. */
  readonly args: readonly string[];

  constructor(args: readonly string[], user = String(process.getuid?.() ?? 0)) {
    const folder = temporaryDirectory();
    chmodSync(folder, 0o755);
    this.path = join(folder, 'socket');
    this.pidfile = join(folder, 'pid');
    this.args = [
      '-d',
      `--unix=${this.path}`,
      `--pidfile=${this.pidfile}`,
      `--dbdir=${join(folder, 'db')}`,
      `--user=${user}`,
      '--whitelist-clients=/dev/null',
      '--whitelist-recipients=/dev/null',
      ...args,
    ];
    onTestFinished(() => {
      if (existsSync(this.pidfile)) kill(this.pid, 'SIGKILL');
    });
  }

  /** Starts it and waits until the program that starts it has returned. Fails if greyd could not start. */
  static async start(
    args: readonly string[] = [],
    { launcher = [], user }: BackgroundSettings = {},
  ): Promise<BackgroundDaemon> {
    const daemon = new BackgroundDaemon(args, user);
    const [command = '', ...words] = [...launcher, ...GREYD_COMMAND, ...daemon.args];
    const [status] = await once(spawn(command, words, { stdio: 'inherit' }), 'close');
    if (status !== 0) throw new Error(`greyd did not start, status ${status}`);
    return daemon;
  }

  get pid(): number {
    const [, pid] = /^([1-9]\d*)\n$/.exec(readFileSync(this.pidfile, 'utf8')) ?? [];
    if (pid === undefined) throw new Error(`there is no process id in ${this.pidfile}`);
    return Number(pid);
  }

  connect(): Promise<PolicyClient> {
    return PolicyClient.connect({ path: this.path });
  }
}

/** Waits until a process that is no child of this one has ended. */
export async function ended(pid: number): Promise<void> {
  await promisify(execFile)('tail', [`--pid=${pid}`, '--sleep-interval=0.05', '-f', '/dev/null']);
}

/** Sends a signal to a process that may have ended already. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has ended.
  }
}
