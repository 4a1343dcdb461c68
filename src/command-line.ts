/**
 * Reads the command line by OPTION_TABLE.
 *
 * Real command lines hold empty arguments and words torn apart by a shell; both are skipped, and the
 * options after them still count. An empty value changes nothing: the default, or what an earlier
 * option said, stays (`--greylist-text=` ends the command line of a unit without POSTGREY_TEXT).
 */
import { Command, CommanderError, Option } from 'commander';
import type { LogFormat } from './log/logger.ts';
import { OPTION_TABLE, type OptionEntry } from './option-table.ts';
import type { Warn } from './option-values.ts';
import type { InetEndpoint } from './server/endpoint.ts';

/** The command line is wrong; the message is one line that says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The values of OPTION_TABLE by name; those with a default are always there, others may be empty. */
export interface GivenOptions {
  help?: true;
  man?: true;
  version?: true;
  verbose?: true;
  quiet?: true;
  unix?: string;
  socketmode: number;
  inet?: InetEndpoint[];
  daemonize?: true;
  pidfile?: string;
  user?: string;
  group?: string;
  dbdir: string;
  delay: number;
  maxAge: number;
  retryWindow: number;
  greylistAction: string;
  greylistText: string;
  xGreylistHeader: string;
  lookupBySubnet?: true;
  lookupByHost?: true;
  ipv4cidr: number;
  ipv6cidr: number;
  privacy?: true;
  hostname?: string;
  exim?: true;
  whitelistClients: string[];
  whitelistRecipients: string[];
  /** true: given without a number. */
  autoWhitelistClients: number | true;
  syslogFacility: string;
  listenQueueSize?: number;
  noAction?: true;
  allowTestTime?: true;
  logFormat: LogFormat;
}

export interface CommandLine {
  readonly given: GivenOptions;
  /** Whether an option stands on the command line, so that its value is not just the default. */
  readonly wasGiven: (name: keyof GivenOptions) => boolean;
  /** Words that belong to no option. */
  readonly words: readonly string[];
  /** The text for --help. */
  readonly help: string;
}

/**
 * @param argv the words after the program's name
 * @throws {UsageError}
 */
export function readCommandLine(argv: readonly string[], warn: Warn): CommandLine {
  const command = new Command('greyd')
    .usage('--inet=[HOST:]PORT | --unix=PATH [options]')
    .description('Greylisting policy daemon for Postfix')
    .helpOption(false)
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  for (const entry of OPTION_TABLE) command.addOption(toOption(entry, warn));
  try {
    command.parse(spellOut(argv), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw new UsageError(`${oneLine(error.message)}, see greyd --help`);
    throw error;
  }
  return {
    given: command.opts<GivenOptions>(),
    wasGiven: (name) => command.getOptionValueSource(name) === 'cli',
    words: command.args.filter((word) => word !== ''),
    help: command.helpInformation(),
  };
}

function toOption(
  { flags, help, parse, repeatable, defaultText, ...entry }: OptionEntry,
  warn: Warn,
): Option {
  const hasDefault = entry.default !== undefined;
  const option = new Option(flags, defaultText && !hasDefault ? `${help} (default: ${defaultText})` : help);
  if (hasDefault) option.default(entry.default, defaultText ?? [entry.default].flat().join(' '));
  // Nothing is negated here; --no-action is a name like any other.
  option.negate = false;
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
      throw new UsageError(`${option.long}=${oneLine(text)}: write ${reason}`);
    }
  });
}

/**
 * Every other spelling of an option that postgrey takes: `-i`, `--i` and `-inet` for `--inet`, and
 * the aliases of the table.
 */
const SPELLINGS: ReadonlyMap<string, string> = new Map(
  OPTION_TABLE.flatMap(({ flags, aliases = [] }) => {
    const [, short, long = ''] = /^(?:(-\w), )?(--[\w-]+)/.exec(flags) ?? [];
    const others = [long.slice(1), ...(short === undefined ? [] : [short, `-${short}`]), ...aliases];
    return others.map((other): [string, string] => [other, long]);
  }),
);

/** Options whose value is the next word, whatever it looks like. */
const TAKES_NEXT_WORD: ReadonlySet<string> = new Set(
  OPTION_TABLE.filter(({ flags }) => flags.endsWith('>')).map(
    ({ flags }) => /--[\w-]+/.exec(flags)?.[0] ?? '',
  ),
);

/** The words with the names of options as they stand in the table; values stay as they are. */
function spellOut(argv: readonly string[]): string[] {
  const words: string[] = [];
  for (const word of argv) {
    const isValue = TAKES_NEXT_WORD.has(words.at(-1) ?? '');
    const [, name = '', value = ''] = (!isValue && /^(-[\w-]+)(=.*)?$/s.exec(word)) || [];
    const long = SPELLINGS.get(name);
    words.push(long === undefined ? word : long + value);
  }
  return words;
}

function oneLine(text: string): string {
  return text.replace(/^error: /, '').replace(/\s+/g, ' ');
}
