/**
 * A command of greyctl: what --help says of it, the options it takes, and what it does.
 */
import type { Readable, Writable } from 'node:stream';
import { type Program, readCommandLine } from '../command-line.ts';

/** 0: done, or found; 1: not found, or not done. */
export type ExitStatus = 0 | 1;

/** What surrounds a command, so that none looks at the process itself. */
export interface Surroundings {
  /** The words that start greyctl once more. */
  readonly greyctl: readonly [string, ...string[]];
  readonly input: Readable;
  readonly output: Writable;
  /** The number of the device that holds the output, if it is a file. */
  readonly outputDevice: number | undefined;
  /** For --store, from the environment. */
  readonly storePassword: string | undefined;
  /** Milliseconds, on a clock that nobody sets. */
  readonly uptime: () => number;
  /** Unix time. */
  readonly now: () => number;
  /** Prints a line for the administrator, beside the output. */
  readonly tell: (line: string) => void;
  /** Shows how far long work has come, in place of what it showed before; undefined: nobody watches. */
  readonly progress: ((text: string) => void) | undefined;
}

/** What --help says of a command; `summary` stands in the list of all commands. */
export interface CommandProgram extends Program {
  readonly summary: string;
  /** Words that it takes, as `triplets` or `sender=`, for completion; undefined: names of files. */
  readonly words?: readonly string[];
}

export interface Command {
  readonly program: CommandProgram;
  /**
   * @param argv the words after the name of the command
   * @throws (rejects with) UsageError, or what made the command fail
   */
  readonly run: (argv: readonly string[], surroundings: Surroundings) => Promise<ExitStatus>;
}

/**
 * Makes a command. --help is added to its options and answered here.
 * @param run is given the values of the options, and the words that belong to none
 */
export function makeCommand<Given extends object>(
  program: CommandProgram,
  run: (given: Given, words: readonly string[], surroundings: Surroundings) => Promise<ExitStatus>,
): Command {
  const withHelp = {
    ...program,
    options: [{ flags: '-h, --help', help: 'print this help' }, ...program.options],
  };
  return {
    program: withHelp,
    async run(argv, surroundings) {
      const { given, words, help } = readCommandLine<Given & { help?: true }>(
        withHelp,
        argv,
        surroundings.tell,
      );
      if (!given.help) return run(given, words, surroundings);
      surroundings.output.write(help);
      return 0;
    },
  };
}
