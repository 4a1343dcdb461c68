/**
 * Reads a command line by a table of options, postgrey's way: `--name=value`, `--name value`, and the other
 * spellings of a name that postgrey accepts; no abbreviations; `--` ends the options. Both programs use it.
 *
 * Real command lines hold empty arguments and words torn apart by a shell; the options after them
 * still count. An empty value changes nothing: the default, or the value of an earlier option, stays
 * (`--greylist-text=` ends the command line of a unit without POSTGREY_TEXT).
 */
import { Command, CommanderError, Help, Option } from 'commander';
import { errorText } from '../errors/text.ts';
import { withoutPassword } from '../log/password.ts';
import type { ParseValue, Warn } from './values.ts';

/**
 * An error in the command line; its message is one line that says what to write instead, without any password.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super(withoutPassword(message));
  }
}

export interface OptionEntry {
  /** Flags in commander's form: `-x, --name <VALUE>`, `[VALUE]` if the value is optional. */
  readonly flags: string;
  readonly help: string;
  /** The default as --help and docs/reference.md show it; unset if the value itself reads well. */
  readonly defaultText?: string;
  readonly default?: string | number | readonly string[];
  /** Other spellings of the name, not shown in --help. */
  readonly aliases?: readonly string[];
  /** Parsed in place of an optional value that is left out. */
  readonly preset?: string;
  readonly repeatable?: boolean;
  /** True for an option of the daemon that greyctl reads from the daemon's own configuration. */
  readonly isOfDaemon?: boolean;
  /** Turns the text into the value; throws with what to write instead. */
  readonly parse?: ParseValue;
}

/** A program as --help describes it, and its options. */
export interface Program {
  /** The name that starts it: `greyd`, `greyctl import`. */
  readonly name: string;
  /** The usage line after the name. */
  readonly usage: string;
  readonly description: string;
  readonly options: readonly OptionEntry[];
}

export interface CommandLine<Given> {
  /** The option values by name; options with a default are always present. */
  readonly given: Given;
  /** Tells whether an option has a value from the command line; an empty one changes nothing. */
  readonly wasGiven: (name: keyof Given & string) => boolean;
  /** Words that belong to no option. */
  readonly words: readonly string[];
  /** Options behind the first stray or empty word, as written: postgrey does not read these. */
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
  const withValue = new Set<string>();
  for (const entry of options) command.addOption(toOption(entry, warn, withValue));
  const spelled = spellOut(argv, options);
  try {
    command.parse(spelled, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError)
      throw new UsageError(`${oneLine(error.message)}, see ${name} --help`);
    throw error;
  }
  const read = command.opts<Given>();
  return {
    given: completed(read, options, warn),
    // true: a flag, or an optional value that was left out.
    wasGiven: (name) =>
      command.getOptionValueSource(name) === 'cli' && (withValue.has(name) || read[name] === true),
    words: command.args.filter((word) => word !== ''),
    late: lateOptions(spelled, options),
    help: command.helpInformation(),
  };
}

/**
 * Completes what commander has read: an option without a value is true or false, one whose optional value was left out
 * has its preset, and one whose value was empty has none.
 */
function completed<Given extends object>(given: Given, options: readonly OptionEntry[], warn: Warn): Given {
  const values = new Map(Object.entries(given).filter(([, value]) => value !== ''));
  for (const { flags, preset, parse } of options) {
    const name = valueNameOf(flags);
    if (partsOf(flags).value === '') values.set(name, values.get(name) ?? false);
    else if (values.get(name) === true && preset !== undefined) values.set(name, parse?.(preset, warn));
  }
  return Object.fromEntries(values) as Given;
}

/** Keeps indented lines whole: they are examples to copy. */
function wrapText(this: Help, text: string, width: number): string {
  const wrap = (line: string) =>
    line.startsWith('  ') ? line : Help.prototype.boxWrap.call(this, line, width);
  return text.split('\n').map(wrap).join('\n');
}

function toOption(
  { flags, help, parse, repeatable, defaultText, isOfDaemon: _, ...entry }: OptionEntry,
  warn: Warn,
  withValue: Set<string>,
): Option {
  const hasDefault = entry.default !== undefined;
  const option = new Option(flags, defaultText && !hasDefault ? `${help} (default: ${defaultText})` : help);
  if (hasDefault) option.default(entry.default, defaultText ?? [entry.default].flat().join(' '));
  // --no-action is a name like any other, not a negated option.
  option.negate = false;
  // A value with an optional part, as <[HOST:]PORT>, is not an optional value.
  option.optional = flags.endsWith(']');
  const values: unknown[] = [];
  return option.argParser((text, previous: unknown) => {
    if (text === '') return previous;
    withValue.add(option.attributeName());
    try {
      const value = parse === undefined ? text : parse(text, warn);
      if (!repeatable) return value;
      values.push(value);
      return values;
    } catch (error) {
      const reason = errorText(error);
      const cause = /\$\{?\w/.test(text) ? '; systemd does not expand variables in /etc/default' : '';
      throw new UsageError(`${option.long}=${oneLine(text)}: write ${reason}${cause}`);
    }
  });
}

/** Returns the words with option names as the table spells them; values stay as they are. */
function spellOut(argv: readonly string[], options: readonly OptionEntry[]): string[] {
  const spellings = spellingsOf(options);
  const takesNextWord = namesWith(options, '>');
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
 * Returns the options behind the first stray word. Those with an empty value change nothing and are left out.
 * @param words as spelled out
 */
function lateOptions(words: readonly string[], options: readonly OptionEntry[]): string[] {
  const takesNextWord = namesWith(options, '>');
  const mayTakeNextWord = namesWith(options, ']');
  const late: string[] = [];
  let isLate = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') break;
    if (!word.startsWith('-') || word === '-') {
      isLate = true;
      continue;
    }
    const next = words[at + 1];
    const isValue = takesNextWord.has(word) || (mayTakeNextWord.has(word) && !next?.startsWith('-'));
    const value = isValue ? next : undefined;
    if (value !== undefined) at += 1;
    const isEmpty = value === '' || /^--[\w-]+=$/.test(word);
    if (isLate && !isEmpty) late.push(value === undefined ? word : `${word}=${value}`);
  }
  return late;
}

/** Returns the long names of the options with a value: `>` ends the flags of those that need it, `]` of others. */
function namesWith(options: readonly OptionEntry[], end: '>' | ']'): ReadonlySet<string> {
  return new Set(options.filter(({ flags }) => flags.endsWith(end)).map(({ flags }) => partsOf(flags).long));
}

/** Returns the warning about options behind a stray word. */
export function lateNote(late: readonly string[]): string {
  return `postgrey stops reading options at the first stray or empty word: ${late.join(' ')} had no effect in postgrey but takes effect in greyd`;
}

/** Maps every other spelling of an option to its name: `-i`, `--i` and `-inet` to `--inet`, and its aliases. */
function spellingsOf(options: readonly OptionEntry[]): ReadonlyMap<string, string> {
  return new Map(
    options.flatMap(({ flags, aliases = [] }) => {
      const { short, long } = partsOf(flags);
      const others = [long.slice(1), ...(short === undefined ? [] : [short, `-${short}`]), ...aliases];
      return others.map((other): [string, string] => [other, long]);
    }),
  );
}

/**
 * Splits OptionEntry.flags into its parts; `value` is the placeholder of the value, empty if the option has
 * none.
 */
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

/** Returns the property that holds the value of an option: `storePrefix` for `--store-prefix <TEXT>`. */
export function valueNameOf(flags: string): string {
  const [, name = ''] = /--([\w-]+)/.exec(flags) ?? [];
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
