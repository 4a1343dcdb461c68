/**
 * A command of greyctl: its --help text, its options, and its function.
 *
 * Beside its own options each command has --help, and --json unless its output is made for another program.
 * Options of the daemon (OptionEntry.isOfDaemon) that are not given are taken from /etc/default/greyd.
 */
import type { Readable, Writable } from 'node:stream';
import { jsonLine } from '../inspect/format/json.ts';
import { roomIn } from '../inspect/format/room.ts';
import { type Paint, paintFor, type Terminal } from '../inspect/format/terminal.ts';
import { type OptionEntry, type Program, readCommandLine, valueNameOf } from '../options/command-line.ts';
import { DEFAULTS_FILE, readDaemonDefaults } from '../options/defaults-file.ts';
import type { GivenOf } from '../options/given.ts';
import type { Clock } from '../time/clock.ts';
import { type ArgumentsRow, type GivenArguments, readArguments } from './arguments.ts';

/** 0: done, or found; 1: not found, or not done. Only `query --check` has 2, Nagios's CRITICAL. */
export type ExitStatus = 0 | 1 | 2;

/** What a command knows of the process that it runs in. */
export interface Surroundings extends Clock {
  /** The command line that starts a second greyctl. */
  readonly greyctl: readonly [string, ...string[]];
  readonly version: string;
  /** The files of words in client names. */
  readonly nameWordFiles: readonly string[];
  readonly hostname: string;
  readonly input: Readable;
  readonly output: Writable;
  /** The number of the device that holds the output, if it is a file. */
  readonly outputDevice: number | undefined;
  /** The terminal that shows the output; undefined: it goes to a file or another program. */
  readonly terminal: Terminal | undefined;
  /** The password for --store, from the environment. */
  readonly storePassword: string | undefined;
  /** Prints a line for the administrator on standard error. */
  readonly tell: (line: string) => void;
  /**
   * Has SIGINT, SIGTERM and SIGHUP abort the returned signal from now on, in place of ending the process: the
   * command first rolls back, and returns a status other than 0.
   */
  readonly holdSignals: () => AbortSignal;
  /** Shows the progress of long work, in place of the last text; undefined: standard error is no terminal. */
  readonly progress: ((text: string) => void) | undefined;
}

/** The surroundings of a command, and what its command line says about the output. */
export interface Work extends Surroundings {
  /** --json: each result is an object on one line. */
  readonly isJson: boolean;
  /** Puts a style around a text, if the output shows styles. */
  readonly paint: Paint;
  /**
   * Prints a result: the object with --json, else the text, which may have several lines. The promise settles when
   * the output has room for more; a command that prints many results waits for it.
   */
  readonly print: (result: object, text: string) => Promise<void>;
}

/** The --help text of a command; `summary` is for the list of all commands. */
export interface CommandProgram<Options extends readonly OptionEntry[] = readonly OptionEntry[]>
  extends Program {
  readonly options: Options;
  readonly summary: string;
  readonly arguments: ArgumentsRow;
}

export interface Command {
  readonly program: CommandProgram;
  /**
   * @param argv the arguments after the name of the command
   * @throws (rejects with) UsageError, or the error that made the command fail
   */
  readonly run: (argv: readonly string[], surroundings: Surroundings) => Promise<ExitStatus>;
}

interface OwnOptions {
  help?: boolean;
  json?: boolean;
  defaults?: string;
}

const HELP_OPTION: OptionEntry = { flags: '-h, --help', help: 'print this help' };
const JSON_OPTION: OptionEntry = { flags: '--json', help: 'print one JSON object per line, for programs' };
const DEFAULTS_OPTION: OptionEntry = {
  flags: '--defaults <FILE>',
  help: 'file with the options of greyd, for those that are not given here',
  defaultText: DEFAULTS_FILE,
};

/**
 * Options that say where the records are: if one of them is given, those in the defaults file do not count. --dbdir
 * still does: its directory has the secret of --privacy.
 */
const PLACES: ReadonlySet<string> = new Set(['store', 'storePrefix', 'storePasswordFile', 'storeCaFile']);

/**
 * Makes a command.
 * @param run is given the values of the options, and the arguments that belong to none
 */
export function makeCommand<const Options extends readonly OptionEntry[]>(
  program: CommandProgram<Options>,
  run: (given: GivenOf<Options>, args: GivenArguments, work: Work) => Promise<ExitStatus>,
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
      const line = readCommandLine<GivenOf<Options> & OwnOptions>(whole, argv, surroundings.tell);
      const { given, words, help } = line;
      if (given.help) {
        surroundings.output.write(help);
        return 0;
      }
      const args = readArguments(words, program.arguments, program.name.replace('greyctl ', ''));
      const file = isOfDaemon ? readDaemonDefaults(given.defaults, surroundings.tell) : undefined;
      const wasGiven = (name: string) => line.wasGiven(name as keyof typeof given & string);
      const isElsewhere = ['dbdir', 'store', 'from', 'to'].some(wasGiven);
      const names = program.options
        .filter((entry) => entry.isOfDaemon)
        .map(({ flags }) => valueNameOf(flags));
      const taken = names.filter((name) => !wasGiven(name) && !(isElsewhere && PLACES.has(name)));
      const defaults = Object.fromEntries(
        taken.filter((name) => file?.given[name] !== undefined).map((name) => [name, file?.given[name]]),
      );
      const isJson = given.json ?? false;
      return run({ ...given, ...defaults }, args, {
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
