/**
 * Every option of the daemon, once: its flags, default, help and check. The table makes --help,
 * and a test holds README.md to it.
 *
 * Options are postgrey's (POSTGREY_OPTS is taken over as it stands), and a few of greyd's own at
 * the end. Real command lines hold empty arguments and words torn apart by a shell; these are
 * skipped, with a warning for the words, and the options after them still count.
 */
import { Command, CommanderError, Option } from 'commander';
import type { NetworkLengths } from './greylist/keys.ts';
import type { LogFormat, LogLevel } from './log/logger.ts';
import { FACILITIES } from './log/syslog.ts';
import { type Endpoint, type InetEndpoint, type InheritedEndpoint, parseInet } from './server/endpoint.ts';

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

const DEFAULT_DELAY = 300;
const DEFAULT_MAX_AGE = 35;
const DEFAULT_AUTO_WHITELIST = 5;
const DEFAULT_TEXT = 'Greylisted, see http://postgrey.schweikert.ch/help/%r.html';
const DEFAULT_HEADER = 'X-Greylist: delayed %t seconds by greyd-%v at %h; %d';
const HOUR = 3600;
const DAY = 24 * HOUR;

interface OptionEntry {
  /** In commander's form: `-x, --name <VALUE>`, `[VALUE]` if the value may be left out. */
  readonly flags: string;
  readonly help: string;
  /** As --help and README.md show it; the value itself if that reads well. */
  readonly defaultText?: string;
  readonly default?: string | number | readonly string[];
  /** Other spellings, not shown. */
  readonly aliases?: readonly string[];
  readonly repeatable?: boolean;
  /** Turns the text into the value; throws with what to write instead. */
  readonly parse?: (text: string, warn: (text: string) => void) => unknown;
}

export const OPTION_TABLE: readonly OptionEntry[] = [
  { flags: '-h, --help', help: 'print this help' },
  { flags: '--man', help: 'print this help, the manual in short' },
  { flags: '--version', help: 'print name and version' },
  { flags: '-v, --verbose', help: 'log details as well' },
  { flags: '-q, --quiet', help: 'log warnings and errors only, no line per request' },
  {
    flags: '-u, --unix <PATH>',
    help: 'listen on a unix socket',
    parse: nonEmpty('a path, --unix=/run/greyd/socket'),
  },
  {
    flags: '--socketmode <OCTAL>',
    help: 'permissions of the unix socket',
    default: 0o666,
    defaultText: '0666',
    parse: octal,
  },
  {
    flags: '-i, --inet <[HOST:]PORT>',
    help: 'listen on TCP; without HOST on 127.0.0.1 and ::1; may be repeated',
    repeatable: true,
    parse: inet,
  },
  { flags: '-d, --daemonize', help: 'run in the background and log to syslog' },
  {
    flags: '--pidfile <PATH>',
    help: 'write the process id to a file, removed at exit',
    parse: nonEmpty('a path, --pidfile=/run/greyd.pid'),
  },
  {
    flags: '--user <USER>',
    help: 'account to run as when started as root, name or number',
    defaultText: 'greyd, else postgrey',
    parse: nonEmpty('a user, --user=greyd'),
  },
  {
    flags: '--group <GROUP>',
    help: 'group to run as when started as root, name or number',
    defaultText: "the user's",
    parse: nonEmpty('a group, --group=greyd'),
  },
  {
    flags: '--dbdir <PATH>',
    help: 'directory of the database',
    default: '/var/lib/greyd',
    parse: nonEmpty('a directory, --dbdir=/var/lib/greyd'),
  },
  {
    flags: '--delay <SECONDS>',
    help: 'how long an unknown triplet is greylisted, in seconds',
    default: DEFAULT_DELAY,
    parse: orDefault('--delay', DEFAULT_DELAY, 'seconds'),
  },
  {
    flags: '--max-age <DAYS>',
    help: 'forget what was not seen for this many days',
    default: DEFAULT_MAX_AGE,
    parse: orDefault('--max-age', DEFAULT_MAX_AGE, 'days'),
  },
  {
    flags: '--retry-window <N>',
    help: 'wait for a retry this many days, or hours as in 12h',
    default: 2 * DAY,
    defaultText: '2',
    parse: retryWindow,
  },
  {
    flags: '--greylist-action <ACTION>',
    help: 'what Postfix is to do with a greylisted mail, see access(5)',
    default: 'DEFER_IF_PERMIT',
    parse: nonEmpty('an action, --greylist-action=DEFER_IF_PERMIT'),
  },
  {
    flags: '--greylist-text <TEXT>',
    help: 'what the client is told; %s seconds to wait, %r domain of the recipient',
    default: DEFAULT_TEXT,
    parse: (text) => text || DEFAULT_TEXT,
  },
  {
    flags: '--x-greylist-header <TEXT>',
    help: 'header of a delayed mail; %t seconds, %v version, %h host, %d date',
    default: DEFAULT_HEADER,
    parse: header,
  },
  {
    flags: '--lookup-by-subnet',
    help: "a triplet holds the client's network, see --ipv4cidr and --ipv6cidr (the default)",
  },
  { flags: '--lookup-by-host', help: "a triplet holds the client's full address" },
  {
    flags: '--ipv4cidr <N>',
    help: 'bits of an IPv4 address that make its network, 0 to 32',
    default: 24,
    parse: bits(32),
  },
  {
    flags: '--ipv6cidr <N>',
    help: 'bits of an IPv6 address that make its network, 0 to 128',
    default: 64,
    parse: bits(128),
  },
  { flags: '--privacy', help: 'store keyed digests instead of addresses, and log no full addresses' },
  {
    flags: '--hostname <NAME>',
    help: 'name of this host in the header',
    defaultText: "the system's",
    parse: nonEmpty('a name, --hostname=mx.example.org'),
  },
  { flags: '--exim', help: 'close the connection after each answer, as Exim wants it' },
  {
    flags: '--whitelist-clients <FILE>',
    help: 'clients that are never greylisted; may be repeated, replaces the defaults',
    default: ['/etc/greyd/whitelist_clients', '/etc/greyd/whitelist_clients.local'],
    repeatable: true,
    parse: nonEmpty('a file, --whitelist-clients=/etc/greyd/whitelist_clients'),
  },
  {
    flags: '--whitelist-recipients <FILE>',
    help: 'recipients whose mail is never greylisted; may be repeated, replaces the defaults',
    default: ['/etc/greyd/whitelist_recipients', '/etc/greyd/whitelist_recipients.local'],
    repeatable: true,
    parse: nonEmpty('a file, --whitelist-recipients=/etc/greyd/whitelist_recipients'),
  },
  {
    flags: '--auto-whitelist-clients [N]',
    help: 'never again greylist a client after N mails that came back; 0: off',
    default: DEFAULT_AUTO_WHITELIST,
    parse: (text) =>
      text === '' ? DEFAULT_AUTO_WHITELIST : wholeNumber(text, 'a whole number of mails, or 0 for off'),
  },
  {
    flags: '--syslog-facility <NAME>',
    help: 'facility for syslog, used with --daemonize',
    default: 'mail',
    aliases: ['--syslogfacility', '--facility'],
    parse: facility,
  },
  {
    flags: '--listen-queue-size <N>',
    help: 'connections that the system holds before they are accepted',
    defaultText: "the system's",
    parse: positive,
  },
  { flags: '-n, --no-action', help: 'not supported, an error as in postgrey', aliases: ['--noaction'] },
  {
    flags: '--allow-test-time',
    help: 'take the time from policy_test_time where a request has it; for tests only',
  },
  {
    flags: '--log-format <FORMAT>',
    help: 'text for people and log parsers, json for machines',
    default: 'text',
    parse: oneOf(['text', 'json']),
  },
];

/**
 * Reads the command line.
 * @param argv the words after the program's name
 * @returns the options, frozen; or, for --help, --man and --version, the text to print instead
 * @throws {UsageError}
 */
export function parseOptions(argv: readonly string[], surroundings: Surroundings): Options | string {
  const warnings: string[] = [];
  const command = buildCommand((warning) => warnings.push(warning));
  try {
    command.parse(withSpacedShortOptions(argv), { from: 'user' });
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

  const endpoints: Endpoint[] = [...(given.inet ?? []).flat(), ...surroundings.inherited];
  if (given.unix !== undefined) endpoints.push({ kind: 'unix', path: given.unix, mode: given.socketmode });
  if (endpoints.length === 0) {
    throw new UsageError(
      'nowhere to listen: give --inet=[HOST:]PORT or --unix=PATH, for example --inet=127.0.0.1:60000',
    );
  }
  return Object.freeze<Options>({
    endpoints,
    listenQueueSize: given.listenQueueSize,
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
    networkLengths: given.lookupByHost
      ? { ipv4: 32, ipv6: 128 }
      : { ipv4: given.ipv4cidr, ipv6: given.ipv6cidr },
    whitelistClients: given.whitelistClients,
    whitelistRecipients: given.whitelistRecipients,
    autoWhitelistClients:
      given.autoWhitelistClients === true ? DEFAULT_AUTO_WHITELIST : given.autoWhitelistClients,
    logLevel: given.verbose ? 'verbose' : given.quiet ? 'quiet' : 'normal',
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
  inet?: InetEndpoint[][];
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

function buildCommand(warn: (text: string) => void): Command {
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
  warn: (text: string) => void,
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

/** `-i=60000`, which postgrey understands, as `-i 60000`. */
function withSpacedShortOptions(argv: readonly string[]): string[] {
  return argv.flatMap((word) => (/^-[a-z]=/.test(word) ? [word.slice(0, 2), word.slice(3)] : [word]));
}

function oneLine(text: string): string {
  return text.replace(/^error: /, '').replace(/\s+/g, ' ');
}

function nonEmpty(what: string): (text: string) => string {
  return (text) => {
    if (text === '') throw new Error(what);
    return text;
  };
}

function wholeNumber(text: string, what: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new Error(what);
  return value;
}

function positive(text: string): number {
  const what = 'a whole number from 1 on';
  return wholeNumber(text, what) || fail(what);
}

function bits(max: number): (text: string) => number {
  return (text) => wholeNumber(text, `a number from 0 to ${max}`, max);
}

/** As in postgrey, 0 stands for the default; whoever writes it probably means something else. */
function orDefault(
  name: string,
  value: number,
  unit: string,
): (text: string, warn: (text: string) => void) => number {
  return (text, warn) => {
    const number = wholeNumber(text, `a whole number of ${unit}, ${name}=${value}`);
    if (number > 0) return number;
    warn(`${name}=0 means the default, ${value} ${unit}`);
    return value;
  };
}

/** @returns seconds */
function retryWindow(text: string): number {
  const [, number, hours] = /^(\d{1,9})(h?)$/.exec(text) ?? [];
  if (number === undefined)
    throw new Error('a number of days or hours, --retry-window=2 or --retry-window=12h');
  return Number(number) * (hours === 'h' ? HOUR : DAY);
}

function octal(text: string): number {
  if (!/^[0-7]{1,4}$/.test(text)) throw new Error('an octal number, --socketmode=0660');
  return Number.parseInt(text, 8);
}

function inet(text: string): InetEndpoint[] {
  return parseInet(text) ?? fail('[HOST:]PORT, --inet=127.0.0.1:60000 or --inet=[::1]:60000');
}

function header(text: string): string {
  return /^[!-9;-~]+:/.test(text)
    ? text
    : fail("a header, --x-greylist-header='X-Greylist: delayed %t seconds'");
}

function facility(text: string): string {
  return oneOf(FACILITIES)(text);
}

function oneOf(values: readonly string[]): (text: string) => string {
  return (text) => (values.includes(text) ? text : fail(`one of ${values.join(', ')}`));
}

function fail(what: string): never {
  throw new Error(what);
}
