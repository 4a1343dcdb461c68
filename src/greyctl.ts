/**
 * The operator's tool: runs one of commands.
 *
 * Exit status: 0 done or found, 1 not done or not found, 2 wrong command line.
 */
import { createWriteStream, fstatSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Surroundings } from './ctl/command.ts';
import { LOADERS } from './ctl/commands/table.ts';
import { lowerPriority } from './ctl/priority.ts';
import { errorText } from './errors/text.ts';
import { nameWordFiles } from './files/name-word-files.ts';
import { withoutPassword } from './log/password.ts';
import { printable } from './log/printable.ts';
import { UsageError } from './options/command-line.ts';
import { PASSWORD_VARIABLE } from './options/shared.ts';
import { ignoreStraySignals } from './service/signals.ts';
import { systemClock } from './service/system-clock.ts';
import { useZone } from './time/local-time.ts';
import { zoneOf } from './time/zone.ts';

/** Least time between two progress texts. */
const PROGRESS_PAUSE_MS = 100;

/** Exit status after a signal, as shells report it: 128 plus the number of the signal. */
const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

ignoreStraySignals(() => {});
let onSignal: (status: number) => void = process.exit;
for (const [signal, status] of Object.entries(SIGNAL_STATUS)) process.on(signal, () => onSignal(status));

/** Exit status for the first signal that came while signals were held. */
let heldStatus: number | undefined;

// For ps: no passwords.
process.title = ['greyctl', ...process.argv.slice(2).map(withoutPassword)].join(' ');

// For a file, Node.js's own stream takes a write that a full disk has cut short for a whole one.
const target = fstatSync(1);
const output = target.isFile() ? createWriteStream('', { fd: 1, autoClose: false }) : process.stdout;

/** A command that changes something runs to its end, even if nobody reads its output any more. */
let mustFinish = false;

// A reader that takes only the head of the output, as head(1), gets no error.
output.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (isGone(code) && mustFinish) return;
  if (code === 'EPIPE') process.exit(0);
  process.stderr.write(`greyctl: ${message}\n`);
  process.exit(1);
});

process.stderr.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (!isGone(code) || !mustFinish) process.exit(1);
});

/** Tells whether the reader is gone: a closed pipe, or a terminal that was hung up. */
function isGone(code: string | undefined): boolean {
  return code === 'EPIPE' || code === 'EIO';
}

useZone(zoneOf(process.env.TZ));

try {
  const status = await runCommand(process.argv.slice(2));
  process.exitCode = status === 0 ? 0 : (heldStatus ?? status);
} catch (error) {
  process.stderr.write(`greyctl: ${printable(errorText(error))}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function runCommand([word = '', ...words]: readonly string[]): Promise<number> {
  const isHelp = word === 'help';
  const [name, argv] = isHelp ? [words[0] ?? '--help', ['--help']] : [word, words];
  const loader = LOADERS.get(name);
  if (loader?.hasLowPriority) lowerPriority();
  mustFinish = loader?.hasLowPriority === false;
  if (loader !== undefined) return (await loader.load()).run(argv, surroundings());
  if (['--help', '-h'].includes(name)) output.write(await help());
  else if (name === '--version') output.write(`greyctl ${version()}\n`);
  else {
    const what = name === '' ? 'missing command' : `unknown command '${name}'`;
    throw new UsageError(`${what}; expected ${[...LOADERS.keys()].join(', ')}; see greyctl --help`);
  }
  return 0;
}

function surroundings(): Surroundings {
  const { execPath, execArgv, argv, stderr } = process;
  return {
    greyctl: [execPath, ...execArgv, argv[1] ?? ''],
    input: process.stdin,
    output,
    outputDevice: target.isFile() ? target.dev : undefined,
    terminal: process.stdout.isTTY
      ? { width: process.stdout.columns, hasColours: !process.env.NO_COLOR }
      : undefined,
    version: version(),
    nameWordFiles: nameWordFiles(fileURLToPath(new URL('..', import.meta.url))),
    hostname: hostname(),
    storePassword: process.env[PASSWORD_VARIABLE],
    ...systemClock,
    tell: (line) => void stderr.write(`greyctl: ${printable(line)}\n`),
    progress: stderr.isTTY ? progressOn(stderr) : undefined,
    holdSignals,
  };
}

function holdSignals(): AbortSignal {
  const controller = new AbortController();
  onSignal = (status) => {
    heldStatus ??= status;
    controller.abort();
  };
  return controller.signal;
}

/** Shows each text in place of the last one, at most one per PROGRESS_PAUSE_MS; an empty text erases it. */
function progressOn(terminal: NodeJS.WriteStream): (text: string) => void {
  const erase = '\r\x1b[K';
  let due = 0;
  return (text) => {
    const now = performance.now();
    if (text === '' ? due === 0 : now < due) return;
    terminal.write(erase + text);
    due = text === '' ? 0 : now + PROGRESS_PAUSE_MS;
  };
}

async function help(): Promise<string> {
  const { allCommands } = await import('./ctl/commands/table.ts');
  const commands = await allCommands();
  const lines = [...commands].map(([name, { program }]) => `  ${name.padEnd(8)} ${program.summary}\n`);
  return `Usage: greyctl COMMAND [options]\n\nExamines and changes the records of greyd, and reads its log.\n\nCommands:\n${lines.join('')}\nFor one command: greyctl help COMMAND\nManual: greyctl(8); how to do what: /usr/share/doc/greyd/docs/index.md\n`;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
