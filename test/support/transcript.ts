/**
 * Command lines that a shell runs, and what comes of them as a text that reads like a session, for golden files:
 *
 *   $ greyctl show client_address=203.0.113.77
 *   --- stderr
 *   greyctl: no record of client 203.0.113.77
 *   --- exit status 1
 *
 * On a terminal both outputs come together, as its screen shows them: what was erased is gone. Control characters
 * are drawn, the escape of a colour as `␛`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Characters in a line of the terminal. */
export const TERMINAL_WIDTH = 100;

/** A command line, piped or on a terminal. */
export type Step = string | { readonly onTerminal: string };

export interface StepOutcome {
  readonly step: Step;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ShellSettings {
  /** Where it runs. */
  readonly cwd: string;
  /** All that it has. */
  readonly env: NodeJS.ProcessEnv;
  /** A command that runs the shell in some surroundings, see own-mounts.ts. */
  readonly launcher?: readonly string[];
}

export async function runStep(step: Step, { cwd, env, launcher = [] }: ShellSettings): Promise<StepOutcome> {
  const own =
    typeof step === 'string'
      ? ['sh', '-c', step]
      : ['script', '-qec', `stty cols ${TERMINAL_WIDTH} rows 40; ${step.onTerminal}`, '/dev/null'];
  const [program = '', ...words] = [...launcher, ...own];
  const child = spawn(program, words, { cwd, env });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  child.stdin.on('error', () => {});
  // script(1) types an end of file, and shows it; so it has none.
  if (typeof step === 'string') child.stdin.end();
  const [status] = await once(child, 'close');
  return { step, status, ...texts };
}

export function transcriptOf(outcomes: readonly StepOutcome[]): string {
  return outcomes.map(oneTranscript).join('\n');
}

function oneTranscript({ step, status, stdout, stderr }: StepOutcome): string {
  const isPiped = typeof step === 'string';
  return [
    isPiped ? `$ ${step}\n` : `$ ${step.onTerminal}\n--- on a terminal of ${TERMINAL_WIDTH} columns\n`,
    ended(visible(isPiped ? stdout : screenOf(stdout))),
    ...(stderr === '' ? [] : ['--- stderr\n', ended(visible(stderr))]),
    ...(status === 0 ? [] : [`--- exit status ${status}\n`]),
  ].join('');
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n--- without the end of the line\n`;
}

/** Returns what is left on a terminal after some output. */
function screenOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is how a line is erased
  return text.replaceAll('\r\n', '\n').replace(/[^\n]*\r\x1b\[K/g, '');
}

function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to draw
  return text.replace(/[\x00-\x08\x0b-\x1f]/g, (character) =>
    String.fromCharCode(0x2400 + character.charCodeAt(0)),
  );
}
