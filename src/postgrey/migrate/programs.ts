/**
 * Runs the programs of a migration: those of the service manager, and other commands of greyctl.
 *
 * Each has a session of its own, so that a Ctrl-C in the terminal reaches only greyctl migrate, which then rolls
 * back.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/** A program and its arguments. */
export type Argv = readonly [program: string, ...args: string[]];

export interface Finished {
  /** null: ended by a signal. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSettings {
  /** Ends the program when it is aborted. */
  readonly signal?: AbortSignal;
  /** Shows its standard error as it comes, with its progress. */
  readonly showsErrors?: boolean;
}

/** Wait for the output after the exit: a daemon that the program has started may keep its output open. */
const LAST_OUTPUT_MS = 300;

/** Runs a program. @throws (rejects) if it cannot be started, or was aborted */
export async function run(
  [program, ...args]: Argv,
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
 * Runs a program that must succeed.
 * @returns its output
 * @throws (rejects) with the first line of its standard error, or else the last line of its output
 */
export async function succeed(command: Argv, settings: RunSettings = {}): Promise<string> {
  const { status, stdout, stderr } = await run(command, settings);
  if (status === 0) return stdout;
  // Errors come first on standard error; the result of long work comes last in the output.
  const said = stderr.trim().split('\n')[0] || stdout.trim().split('\n').at(-1) || `exit status ${status}`;
  const reason = said.replace(/\.$/, '');
  throw new Error(reason.startsWith('greyctl: ') ? reason.slice(9) : `${command.join(' ')}: ${reason}`);
}

/** Tells whether a program can be started. */
export async function isInstalled(command: Argv): Promise<boolean> {
  return run(command).then(
    () => true,
    () => false,
  );
}
