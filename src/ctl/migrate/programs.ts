/**
 * Starts the programs of a migration: the service manager's, and greyctl's other commands.
 *
 * Each has a session of its own, so that a Ctrl-C in the terminal reaches greyctl alone, which then undoes what
 * was done.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

export interface Finished {
  /** null: it was ended by a signal. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSettings {
  /** Ends the program when it is aborted. */
  readonly signal?: AbortSignal;
  /** Whether what it says of itself is shown as it comes, its progress too. */
  readonly showsErrors?: boolean;
}

/** A daemon that it has started may keep its output open; what it said itself has come by then. */
const LAST_OUTPUT_MS = 300;

/** @throws (rejects) if it cannot be started, or was aborted */
export async function run(
  [program, ...args]: CommandLine,
  { signal, showsErrors = false }: RunSettings = {},
): Promise<Finished> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', showsErrors ? 'inherit' : 'pipe'],
    detached: true,
    ...(signal !== undefined && { signal }),
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const closed = once(child, 'close').catch(() => {});
  const [status] = (await once(child, 'exit')) as [number | null];
  await Promise.race([closed, pause(LAST_OUTPUT_MS, undefined, { ref: false })]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return { status, ...texts };
}

/**
 * The same for a program that must succeed.
 * @returns what it printed
 * @throws (rejects) with the first line of its errors, or the last one that it printed
 */
export async function succeed(command: CommandLine, settings: RunSettings = {}): Promise<string> {
  const { status, stdout, stderr } = await run(command, settings);
  if (status === 0) return stdout;
  // An error is told at once, but what comes of a long work at its end.
  const said = stderr.trim().split('\n')[0] || stdout.trim().split('\n').at(-1) || `exit status ${status}`;
  const reason = said.replace(/\.$/, '');
  throw new Error(reason.startsWith('greyctl: ') ? reason.slice(9) : `${command.join(' ')}: ${reason}`);
}

/** Whether a program can be started. */
export async function isInstalled(command: CommandLine): Promise<boolean> {
  return run(command).then(
    () => true,
    () => false,
  );
}
