/**
 * The options of postgrey, once: flags, default, help and check of each.
 */
import { DAY } from '../time/units.ts';
import type { OptionEntry } from './command-line.ts';
import {
  DEFAULT_AUTO_WHITELIST,
  daysOrHours,
  facility,
  header,
  inet,
  numberOr,
  octal,
  wholeNumber,
} from './values.ts';

const DEFAULT_DELAY = 300;
const DEFAULT_MAX_AGE = 35;
const DEFAULT_RETRY_DAYS = 2;
const DEFAULT_TEXT = 'Greylisted, see http://postgrey.schweikert.ch/help/%r.html';
const DEFAULT_HEADER = 'X-Greylist: delayed %t seconds by greyd-%v at %h; %d';

/** The options of postgrey, so that POSTGREY_OPTS works unchanged. */
export const OPTIONS_OF_POSTGREY = [
  { flags: '-h, --help', help: 'print this help' },
  { flags: '--man', help: 'print this help, the manual in short' },
  { flags: '--version', help: 'print name and version' },
  { flags: '-v, --verbose', help: 'log more details' },
  {
    flags: '-q, --quiet',
    help: 'log no requests; warnings and messages about greyd itself are still logged',
  },
  {
    flags: '-u, --unix <PATH>',
    help: 'listen on a unix socket',
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
    help: 'listen on TCP; without HOST on 127.0.0.1 and ::1',
    parse: inet('--inet', 60000),
  },
  { flags: '-d, --daemonize', help: 'run in the background and log to syslog' },
  {
    flags: '--pidfile <PATH>',
    help: 'write the process id to a file, removed at exit; refuse to start while it names a running greyd',
  },
  {
    flags: '--user <USER>',
    help: 'account to run as when started as root, name or number',
    defaultText: 'greyd, else postgrey',
  },
  {
    flags: '--group <GROUP>',
    help: 'group to run as when started as root, name or number',
    defaultText: "the user's",
  },
  {
    flags: '--dbdir <PATH>',
    help: 'directory of the database',
    default: '/var/lib/greyd',
  },
  {
    flags: '--delay <SECONDS>',
    help: 'how long an unknown triplet is greylisted, in seconds',
    default: DEFAULT_DELAY,
    parse: numberOr('--delay', DEFAULT_DELAY, { unit: 'seconds' }),
  },
  {
    flags: '--max-age <DAYS>',
    help: 'forget records not seen for this many days',
    default: DEFAULT_MAX_AGE * DAY,
    defaultText: String(DEFAULT_MAX_AGE),
    parse: (text, warn) => DAY * numberOr('--max-age', DEFAULT_MAX_AGE, { unit: 'days' })(text, warn),
  },
  {
    flags: '--retry-window <N>',
    help: 'accept a retry within this many days, or hours as in 12h',
    default: DEFAULT_RETRY_DAYS * DAY,
    defaultText: String(DEFAULT_RETRY_DAYS),
    parse: daysOrHours,
  },
  {
    flags: '--greylist-action <ACTION>',
    help: 'action that Postfix takes on greylisted mail, see access(5)',
    default: 'DEFER_IF_PERMIT',
  },
  {
    flags: '--greylist-text <TEXT>',
    help: 'reply to a greylisted client; %s seconds to wait, %r domain of the recipient',
    default: DEFAULT_TEXT,
  },
  {
    flags: '--x-greylist-header <TEXT>',
    help: 'header added to delayed mail; %t seconds, %v version, %h host, %d date',
    default: DEFAULT_HEADER,
    parse: header,
  },
  {
    flags: '--lookup-by-subnet',
    help: "use the client's network in triplets, see --ipv4cidr and --ipv6cidr (the default)",
  },
  { flags: '--lookup-by-host', help: "use the client's full address in triplets" },
  {
    flags: '--ipv4cidr <N>',
    help: "prefix length of a client's IPv4 network, 1 to 32",
    default: 24,
    parse: numberOr('--ipv4cidr', 24, { unit: 'bits', max: 32 }),
  },
  {
    flags: '--ipv6cidr <N>',
    help: "prefix length of a client's IPv6 network, 1 to 128",
    default: 64,
    parse: numberOr('--ipv6cidr', 64, { unit: 'bits', max: 128 }),
  },
  { flags: '--privacy', help: 'store keyed digests instead of addresses, and log no full addresses' },
  {
    flags: '--hostname <NAME>',
    help: 'name of this host in --x-greylist-header',
    defaultText: "the system's",
  },
  { flags: '--exim', help: 'close the connection after each answer, as Exim expects' },
  {
    flags: '--whitelist-clients <FILE>',
    help: 'clients that are never greylisted; may be repeated, replaces the defaults',
    default: ['/etc/greyd/whitelist_clients', '/etc/greyd/whitelist_clients.local'],
    repeatable: true,
  },
  {
    flags: '--whitelist-recipients <FILE>',
    help: 'recipients whose mail is never greylisted; may be repeated, replaces the defaults',
    default: ['/etc/greyd/whitelist_recipients', '/etc/greyd/whitelist_recipients.local'],
    repeatable: true,
  },
  {
    flags: '--auto-whitelist-clients [N]',
    help: 'stop greylisting a client after N successful retries; 0: off',
    default: DEFAULT_AUTO_WHITELIST,
    preset: String(DEFAULT_AUTO_WHITELIST),
    parse: (text) => wholeNumber(text, 'a whole number of retries, or 0 for off'),
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
    help: 'connections that the kernel queues until greyd accepts them',
    defaultText: "the system's",
    parse: numberOr('--listen-queue-size', 0, { unit: 'connections', fallbackText: "the system's" }),
  },
  { flags: '-n, --no-action', help: 'not supported, an error as in postgrey', aliases: ['--noaction'] },
] as const satisfies readonly OptionEntry[];
