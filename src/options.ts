/**
 * The command line, read by OPTION_TABLE and handed on as plain values.
 *
 * Real command lines hold empty arguments and words torn apart by a shell; these are skipped, with
 * a warning for the words, and the options after them still count.
 */
import { Command, CommanderError, Option } from 'commander';
import type { NetworkLengths } from './greylist/keys.ts';
import type { LogFormat, LogLevel } from './log/logger.ts';
import { DEFAULT_AUTO_WHITELIST, OPTION_TABLE, type OptionEntry } from './option-table.ts';
import { DAY, type Warn } from './option-values.ts';
import type { Endpoint, InetEndpoint, InheritedEndpoint } from './server/endpoint.ts';

export interface Options {
  readonly endpoints: readonly Endpoint[];
  /** undefined: the system's own value. */
  readonly listenQueueSize: number | undefined;
  readonly exim: boolean;
  readonly daemonize: boolean;
  readonly pidfile: string | undefined;
  /** Name or number; undefined: the default account, if there is one. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly dbdir: string;
  readonly privacy: boolean;
  /** Seconds. */
  readonly delay: number;
  /** Seconds. */
  readonly maxAge: number;
  /** Seconds. */
  readonly retryWindow: number;
  readonly greylistAction: string;
  readonly greylistText: string;
  readonly greylistHeader: string;
  readonly hostname: string;
  readonly lookupByHost: boolean;
  readonly networkLengths: NetworkLengths;
  readonly whitelistClients: readonly string[];
  readonly whitelistRecipients: readonly string[];
  /** 0: off. */
  readonly autoWhitelistClients: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly syslogFacility: string;
  readonly allowTestTime: boolean;
  /** What the administrator should know about the command line. */
  readonly warnings: readonly string[];
}

/** What options depend on and the command line does not say. */
export interface Surroundings {
  readonly version: string;
  readonly hostname: string;
  /** Listening sockets that greyd was started with. */
  readonly inherited: readonly InheritedEndpoint[];
}

/** The command line is wrong; the message is one line that says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const OPTION_NAMES: ReadonlySet<string> = new Set(
  OPTION_TABLE.map(({ flags }) => /--[\w-]+/.exec(flags)?.[0] ?? ''),
);

/**
 * Reads the command line.
 * @param argv the words after the program's name
 * @returns the options, frozen; or, for --help, --man and --version, the text to print instead
 * @throws {UsageError}
 */
export function parseOptions(argv: readonly string[], surroundings: Surroundings): Options | string {
  const warnings: string[] = [];
  const command = buildCommand((warning) => void warnings.push(warning));
  try {
    command.parse(argv.flatMap(spellOut), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw new UsageError(`${oneLine(error.message)}, see greyd --help`);
    throw error;
  }
  const given = command.opts<GivenOptions>();
  if (given.help || given.man) return command.helpInformation();
  if (given.version) return `greyd ${surroundings.version}\n`;
  if (given.noAction) throw new UsageError('--no-action is not supported, leave it out');
  for (const word of command.args) {
    if (word !== '')
      warnings.push(
        `ignoring the word '${word}' on the command line: it belongs to no option (missing quotes?)`,
      );
  }

  const endpoints: Endpoint[] = [...(given.inet ?? []), ...surroundings.inherited];
  if (given.unix !== undefined) endpoints.push({ kind: 'unix', path: given.unix, mode: given.socketmode });
  if (endpoints.length === 0) {
    throw new UsageError(
      'nowhere to listen: give --inet=[HOST:]PORT or --unix=PATH, for example --inet=127.0.0.1:60000',
    );
  }
  checkTimes(given);
  for (const [name, isIdle, warning] of IDLE_OPTIONS) {
    if (command.getOptionValueSource(name) === 'cli' && isIdle(given)) warnings.push(warning);
  }
  return Object.freeze<Options>({
    endpoints,
    listenQueueSize: given.listenQueueSize || undefined,
    exim: given.exim ?? false,
    daemonize: given.daemonize ?? false,
    pidfile: given.pidfile,
    user: given.user,
    group: given.group,
    dbdir: given.dbdir,
    privacy: given.privacy ?? false,
    delay: given.delay,
    maxAge: given.maxAge * DAY,
    retryWindow: given.retryWindow,
    greylistAction: given.greylistAction,
    greylistText: given.greylistText,
    greylistHeader: given.xGreylistHeader,
    hostname: given.hostname ?? surroundings.hostname,
    lookupByHost: given.lookupByHost ?? false,
    networkLengths: given.lookupByHost
      ? { ipv4: 32, ipv6: 128 }
      : { ipv4: given.ipv4cidr, ipv6: given.ipv6cidr },
    whitelistClients: given.whitelistClients,
    whitelistRecipients: given.whitelistRecipients,
    autoWhitelistClients:
      given.autoWhitelistClients === true ? DEFAULT_AUTO_WHITELIST : given.autoWhitelistClients,
    logLevel: given.quiet ? 'quiet' : given.verbose ? 'verbose' : 'normal',
    logFormat: given.logFormat,
    syslogFacility: given.syslogFacility,
    allowTestTime: given.allowTestTime ?? false,
    warnings,
  });
}

/** What commander makes of OPTION_TABLE: those with a default are always there. */
interface GivenOptions {
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

function buildCommand(warn: Warn): Command {
  const command = new Command('greyd')
    .usage('--inet=[HOST:]PORT | --unix=PATH [options]')
    .description('Greylisting policy daemon for Postfix')
    .helpOption(false)
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  for (const entry of OPTION_TABLE) {
    const main = toOption(entry, entry.flags, warn);
    command.addOption(main);
    for (const alias of entry.aliases ?? []) {
      const option = toOption(entry, alias + entry.flags.replace(/^[^ ]*( -[^ ]*)?/, ''), warn).hideHelp();
      // Another spelling of the same option, so its value belongs under the same name.
      option.attributeName = () => main.attributeName();
      command.addOption(option);
    }
  }
  return command;
}

function toOption(
  { help, defaultText, parse, repeatable, ...entry }: OptionEntry,
  flags: string,
  warn: Warn,
): Option {
  const option = new Option(
    flags,
    defaultText !== undefined && entry.default === undefined ? `${help} (default: ${defaultText})` : help,
  );
  // Nothing is negated here; --no-action is a name like any other.
  option.negate = false;
  if (entry.default !== undefined)
    option.default(entry.default, defaultText ?? [entry.default].flat().join(' '));
  if (parse === undefined) return option;
  const values: unknown[] = [];
  return option.argParser((text) => {
    try {
      const value = parse(text, warn);
      if (!repeatable) return value;
      values.push(value);
      return values;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UsageError(`${option.long ?? flags}=${oneLine(text)}: write ${reason}`);
    }
  });
}

/**
 * Two spellings that commander does not know, as those it does: `-delay` of postgrey is `--delay`,
 * and `-u=PATH` is no socket by the name of `=PATH`.
 */
function spellOut(word: string): string[] {
  if (/^-[a-z]=/.test(word)) return [word.slice(0, 2), word.slice(3)];
  return OPTION_NAMES.has(`-${word}`) ? [`-${word}`] : [word];
}

/** Options that do nothing without, or beside, another one; nobody is to wonder why. */
const IDLE_OPTIONS: readonly [keyof GivenOptions, (given: GivenOptions) => boolean, string][] = [
  ['syslogFacility', ({ daemonize }) => !daemonize, '--syslog-facility has no effect without --daemonize'],
  ['socketmode', ({ unix }) => unix === undefined, '--socketmode has no effect without --unix'],
  ['ipv4cidr', ({ lookupByHost }) => lookupByHost === true, '--ipv4cidr has no effect with --lookup-by-host'],
  ['ipv6cidr', ({ lookupByHost }) => lookupByHost === true, '--ipv6cidr has no effect with --lookup-by-host'],
];

/** With such times no mail would ever pass. */
function checkTimes({ delay, maxAge, retryWindow }: GivenOptions): void {
  const wrong = retryWindow <= delay ? '--retry-window' : maxAge * DAY <= delay ? '--max-age' : undefined;
  if (wrong !== undefined) {
    throw new UsageError(
      `${wrong} is not longer than --delay (${delay} seconds), so no mail would ever pass: write a longer one`,
    );
  }
}

function oneLine(text: string): string {
  return text.replace(/^error: /, '').replace(/\s+/g, ' ');
}
