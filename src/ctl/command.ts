/**
 * A command of greyctl: what --help says of it, the options it takes, and what it does.
 *
 * Beside its own options each command has --help, and --json unless its output is made for another program.
 * Options that are the daemon's (OptionEntry.isOfDaemon) and not given are those of /etc/default/greyd.
 */
import type { Readable, Writable } from 'node:stream';
import { type OptionEntry, type Program, readCommandLine } from '../command-line.ts';
import { DEFAULTS_FILE, readDaemonDefaults } from './defaults-file.ts';
import { jsonLine } from './format/json.ts';
import { roomIn } from './format/room.ts';
import { type Paint, paintFor, type Terminal } from './format/terminal.ts';

/** 0: done, or found; 1: not found, or not done. `query --check` alone has 2 for what Nagios calls critical. */
export type ExitStatus = 0 | 1 | 2;

/** What surrounds a command, so that none looks at the process itself. */
export interface Surroundings {
  /** The words that start greyctl once more. */
  readonly greyctl: readonly [string, ...string[]];
  readonly version: string;
  readonly hostname: string;
  readonly input: Readable;
  readonly output: Writable;
  /** The number of the device that holds the output, if it is a file. */
  readonly outputDevice: number | undefined;
  /** Where the output is shown; undefined: it goes to a file or another program. */
  readonly terminal: Terminal | undefined;
  /** For --store, from the environment. */
  readonly storePassword: string | undefined;
  /** Milliseconds, on a clock that nobody sets. */
  readonly uptime: () => number;
  /** Unix time. */
  readonly now: () => number;
  /** Prints a line for the administrator, beside the output. */
  readonly tell: (line: string) => void;
  /**
   * From here on SIGINT, SIGTERM and SIGHUP end the process no more, but abort what this returns: the command puts
   * things in order first, and returns another status than 0.
   */
  readonly holdSignals: () => AbortSignal;
  /** Shows how far long work has come, in place of what it showed before; undefined: nobody watches. */
  readonly progress: ((text: string) => void) | undefined;
}

/** What surrounds a command whose command line was read. */
export interface Work extends Surroundings {
  /** --json: an object on a line for each result. */
  readonly isJson: boolean;
  /** Puts a style around a text, where styles are shown. */
  readonly paint: Paint;
  /**
   * Prints a result: the object with --json, else the text, which may have several lines. Whoever prints many waits
   * each time until it settles: when there is room for more.
   */
  readonly print: (result: object, text: string) => Promise<void>;
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

interface OwnOptions {
  help?: true;
  json?: true;
  defaults?: string;
}

const HELP_OPTION: OptionEntry = { flags: '-h, --help', help: 'print this help' };
const JSON_OPTION: OptionEntry = { flags: '--json', help: 'print one JSON object per line, for programs' };
const DEFAULTS_OPTION: OptionEntry = {
  flags: '--defaults <FILE>',
  help: 'where options of greyd are that are not given here',
  defaultText: DEFAULTS_FILE,
};

/**
 * Options of where records are: once one of them is given, the file says nothing about the others. The directory
 * stays: it has the secret of --privacy.
 */
const PLACES: ReadonlySet<string> = new Set(['store', 'storePrefix', 'storePasswordFile', 'storeCaFile']);

/**
 * Makes a command.
 * @param run is given the values of the options, and the words that belong to none
 */
export function makeCommand<Given extends object>(
  program: CommandProgram,
  run: (given: Given, words: readonly string[], work: Work) => Promise<ExitStatus>,
  { hasJson = true }: { hasJson?: boolean } = {},
): Command {
  const isOfDaemon = program.options.some((entry) => entry.isOfDaemon);
  const whole = {
    ...program,
    options: [
      HELP_OPTION,
      ...program.options,
      ...(isOfDaemon ? [DEFAULTS_OPTION] : []),
      ...(hasJson ? [JSON_OPTION] : []),
    ],
  };
  return {
    program: whole,
    async run(argv, surroundings) {
      const line = readCommandLine<Given & OwnOptions>(whole, argv, surroundings.tell);
      const { given, words, help } = line;
      if (given.help) {
        surroundings.output.write(help);
        return 0;
      }
      const file = isOfDaemon ? readDaemonDefaults(given.defaults, surroundings.tell) : undefined;
      const wasGiven = (name: string) => line.wasGiven(name as keyof typeof given & string);
      const isElsewhere = ['dbdir', 'store', 'from', 'to'].some(wasGiven);
      const names = program.options.filter((entry) => entry.isOfDaemon).map(({ flags }) => nameOf(flags));
      const taken = names.filter((name) => !wasGiven(name) && !(isElsewhere && PLACES.has(name)));
      const defaults = Object.fromEntries(
        taken.filter((name) => file?.given[name] !== undefined).map((name) => [name, file?.given[name]]),
      );
      const isJson = given.json ?? false;
      return run({ ...given, ...defaults }, words, {
        ...surroundings,
        storePassword: surroundings.storePassword ?? (isElsewhere ? undefined : file?.storePassword),
        isJson,
        paint: paintFor(isJson ? undefined : surroundings.terminal),
        print: (result, text) => {
          surroundings.output.write(`${isJson ? jsonLine(result) : text}\n`);
          return roomIn(surroundings.output);
        },
      });
    },
  };
}

/** `--store-prefix <TEXT>` as its value is called. */
export function nameOf(flags: string): string {
  const [, name = ''] = /--([\w-]+)/.exec(flags) ?? [];
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
