/**
 * Reads a command line by a table of options, postgrey's way: `--name=value`, `--name value`, and the
 * other spellings of a name that postgrey takes; no abbreviations; `--` ends the options. Both
 * programs are read so.
 *
 * Real command lines hold empty arguments and words torn apart by a shell; the options after them
 * still count. An empty value changes nothing: the default, or what an earlier option said, stays
 * (`--greylist-text=` ends the command line of a unit without POSTGREY_TEXT).
 */
import { Command, CommanderError, Help, Option } from 'commander';
import type { ParseValue, Warn } from './option-values.ts';

/** The command line is wrong; the message is one line that says what to write instead, and no password. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super(withoutPassword(message));
  }
}

/** The same text with `***` in place of a password, wherever a URL in it has one. */
export function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^:]*:).*@/gs, '$1***@').replace(/([?&]password=)[^&\s]*/g, '$1***');
}

export interface OptionEntry {
  /** In commander's form: `-x, --name <VALUE>`, `[VALUE]` if the value may be left out. */
  readonly flags: string;
  readonly help: string;
  /** As --help and README.md show it; the value itself if that reads well. */
  readonly defaultText?: string;
  readonly default?: string | number | readonly string[];
  /** Other spellings, not shown. */
  readonly aliases?: readonly string[];
  readonly repeatable?: boolean;
  /** An option of the daemon, which greyctl looks for where that has it. */
  readonly isOfDaemon?: boolean;
  /** Turns the text into the value; throws with what to write instead. */
  readonly parse?: ParseValue;
}

/** What --help says of a program, and the options it takes. */
export interface Program {
  /** As it is called: `greyd`, `greyctl import`. */
  readonly name: string;
  /** What follows the name. */
  readonly usage: string;
  readonly description: string;
  readonly options: readonly OptionEntry[];
}

export interface CommandLine<Given> {
  /** The values by the names of their options; those with a default are always there. */
  readonly given: Given;
  /** Whether an option stands on the command line, so that its value is not just the default. */
  readonly wasGiven: (name: keyof Given & string) => boolean;
  /** Words that belong to no option. */
  readonly words: readonly string[];
  /** Options behind the first such word, or behind an empty one, as they stand there: postgrey does not read them. */
  readonly late: readonly string[];
  /** The text for --help. */
  readonly help: string;
}

/**
 * @param argv the words after the program's name
 * @throws {UsageError}
 */
export function readCommandLine<Given extends object>(
  { name, usage, description, options }: Program,
  argv: readonly string[],
  warn: Warn,
): CommandLine<Given> {
  const command = new Command(name)
    .usage(usage)
    .description(description)
    .helpOption(false)
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .configureHelp({ boxWrap: wrapText });
  for (const entry of options) command.addOption(toOption(entry, warn));
  const spelled = spellOut(argv, options);
  try {
    command.parse(spelled, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError)
      throw new UsageError(`${oneLine(error.message)}, see ${name} --help`);
    throw error;
  }
  return {
    given: command.opts<Given>(),
    wasGiven: (name) => command.getOptionValueSource(name) === 'cli',
    words: command.args.filter((word) => word !== ''),
    late: lateOptions(spelled, options),
    help: command.helpInformation(),
  };
}

/** Lines that are indented are examples, which can be copied only as a whole. */
function wrapText(this: Help, text: string, width: number): string {
  const wrap = (line: string) =>
    line.startsWith('  ') ? line : Help.prototype.boxWrap.call(this, line, width);
  return text.split('\n').map(wrap).join('\n');
}

function toOption(
  { flags, help, parse, repeatable, defaultText, isOfDaemon: _, ...entry }: OptionEntry,
  warn: Warn,
): Option {
  const hasDefault = entry.default !== undefined;
  const option = new Option(flags, defaultText && !hasDefault ? `${help} (default: ${defaultText})` : help);
  if (hasDefault) option.default(entry.default, defaultText ?? [entry.default].flat().join(' '));
  // Nothing is negated here; --no-action is a name like any other.
  option.negate = false;
  // Nor may a value be left out only because it has an optional part, as <[HOST:]PORT>.
  option.optional = flags.endsWith(']');
  const values: unknown[] = [];
  return option.argParser((text, previous: unknown) => {
    if (text === '') return previous;
    try {
      const value = parse === undefined ? text : parse(text, warn);
      if (!repeatable) return value;
      values.push(value);
      return values;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const cause = /\$\{?\w/.test(text) ? '; systemd expands nothing in /etc/default' : '';
      throw new UsageError(`${option.long}=${oneLine(text)}: write ${reason}${cause}`);
    }
  });
}

/** The words with the names of options as they stand in the table; values stay as they are. */
function spellOut(argv: readonly string[], options: readonly OptionEntry[]): string[] {
  const spellings = spellingsOf(options);
  const takesNextWord = new Set(
    options.filter(({ flags }) => flags.endsWith('>')).map(({ flags }) => partsOf(flags).long),
  );
  const words: string[] = [];
  for (const word of argv) {
    const isValue = takesNextWord.has(words.at(-1) ?? '');
    const [, name = '', value = ''] = (!isValue && /^(-[\w-]+)(=.*)?$/s.exec(word)) || [];
    const long = spellings.get(name);
    words.push(long === undefined ? word : long + value);
  }
  return words;
}

/**
 * The options behind the first word that belongs to none; an empty value changes nothing, so that those do not count.
 * @param words as spelled out
 */
function lateOptions(words: readonly string[], options: readonly OptionEntry[]): string[] {
  const takesNextWord = new Set(
    options.filter(({ flags }) => flags.endsWith('>')).map(({ flags }) => partsOf(flags).long),
  );
  const late: string[] = [];
  let isLate = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') break;
    if (!word.startsWith('-') || word === '-') {
      isLate = true;
      continue;
    }
    const value = takesNextWord.has(word) ? words[at + 1] : undefined;
    if (value !== undefined) at += 1;
    const isEmpty = value === '' || /^--[\w-]+=$/.test(word);
    if (isLate && !isEmpty) late.push(value === undefined ? word : `${word}=${value}`);
  }
  return late;
}

/** What is told of such options. */
export function lateNote(late: readonly string[]): string {
  return `postgrey stops reading options at the first word that belongs to none, or is empty: ${late.join(' ')} had no effect there, and has one here`;
}

/** Every other spelling of an option: `-i`, `--i` and `-inet` for `--inet`, and its aliases. */
function spellingsOf(options: readonly OptionEntry[]): ReadonlyMap<string, string> {
  return new Map(
    options.flatMap(({ flags, aliases = [] }) => {
      const { short, long } = partsOf(flags);
      const others = [long.slice(1), ...(short === undefined ? [] : [short, `-${short}`]), ...aliases];
      return others.map((other): [string, string] => [other, long]);
    }),
  );
}

/** The parts of OptionEntry.flags; `value` is what stands for the value, empty if it takes none. */
export function partsOf(flags: string): {
  short: string | undefined;
  long: string;
  value: string;
  isValueOptional: boolean;
} {
  const [, short, long = '', value = ''] = /^(?:(-\w), )?(--[\w-]+)(?: (<.*>|\[.*\]))?$/.exec(flags) ?? [];
  return { short, long, value: value.slice(1, -1), isValueOptional: value.startsWith('[') };
}

function oneLine(text: string): string {
  return text.replace(/^error: /, '').replace(/\s+/g, ' ');
}
