/**
 * Every option of the daemon, once: its flags, default, help and check. The table makes --help,
 * and a test holds README.md to it.
 */
import type { OptionEntry } from './command-line.ts';
import type { LogFormat } from './log/logger.ts';
import { DEFAULT_IDENT } from './log/syslog.ts';
import {
  DAY,
  daysOrHours,
  facility,
  header,
  inet,
  keyPrefix,
  numberOr,
  octal,
  oneOf,
  syslogIdent,
  wholeNumber,
} from './option-values.ts';
import type { GivenLookup, GivenRules } from './rules-options.ts';
import type { InetEndpoint } from './server/endpoint.ts';
import type { GivenSharedStore } from './shared-store-options.ts';
import { parseRedisUrl } from './store/redis-url.ts';

const DEFAULT_DELAY = 300;
const DEFAULT_MAX_AGE = 35;
const DEFAULT_RETRY_DAYS = 2;
export const DEFAULT_AUTO_WHITELIST = 5;
const DEFAULT_TEXT = 'Greylisted, see http://postgrey.schweikert.ch/help/%r.html';
const DEFAULT_HEADER = 'X-Greylist: delayed %t seconds by greyd-%v at %h; %d';
const DEFAULT_MAX_CONNECTIONS = 10_000;
/** Postfix's smtpd_policy_service_timeout: by then Postfix has given the request up. */
const DEFAULT_REQUEST_TIMEOUT = 100;
const DEFAULT_PREFIX = 'greyd:';
const DEFAULT_MAX_REQUEST_SIZE = 1024 * 1024;
const DEFAULT_MAX_ATTRIBUTES = 1000;

/** So that POSTGREY_OPTS is taken over as it stands. */
const OPTIONS_OF_POSTGREY: readonly OptionEntry[] = [
  { flags: '-h, --help', help: 'print this help' },
  { flags: '--man', help: 'print this help, the manual in short' },
  { flags: '--version', help: 'print name and version' },
  { flags: '-v, --verbose', help: 'log details as well' },
  { flags: '-q, --quiet', help: 'log no line per request; warnings and what greyd itself does stay' },
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
    help: 'write the process id to a file, removed at exit; no second greyd starts while it names a running one',
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
    help: 'forget what was not seen for this many days',
    default: DEFAULT_MAX_AGE,
    parse: numberOr('--max-age', DEFAULT_MAX_AGE, { unit: 'days' }),
  },
  {
    flags: '--retry-window <N>',
    help: 'wait for a retry this many days, or hours as in 12h',
    default: DEFAULT_RETRY_DAYS * DAY,
    defaultText: String(DEFAULT_RETRY_DAYS),
    parse: daysOrHours,
  },
  {
    flags: '--greylist-action <ACTION>',
    help: 'what Postfix is to do with a greylisted mail, see access(5)',
    default: 'DEFER_IF_PERMIT',
  },
  {
    flags: '--greylist-text <TEXT>',
    help: 'what the client is told; %s seconds to wait, %r domain of the recipient',
    default: DEFAULT_TEXT,
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
    help: 'bits of an IPv4 address that make its network, 1 to 32',
    default: 24,
    parse: numberOr('--ipv4cidr', 24, { unit: 'bits', max: 32 }),
  },
  {
    flags: '--ipv6cidr <N>',
    help: 'bits of an IPv6 address that make its network, 1 to 128',
    default: 64,
    parse: numberOr('--ipv6cidr', 64, { unit: 'bits', max: 128 }),
  },
  { flags: '--privacy', help: 'store keyed digests instead of addresses, and log no full addresses' },
  {
    flags: '--hostname <NAME>',
    help: 'name of this host in the header',
    defaultText: "the system's",
  },
  { flags: '--exim', help: 'close the connection after each answer, as Exim wants it' },
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
    help: 'never again greylist a client after N mails that came back; 0: off',
    default: DEFAULT_AUTO_WHITELIST,
    parse: (text) => wholeNumber(text, 'a whole number of mails, or 0 for off'),
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
    parse: numberOr('--listen-queue-size', 0, { unit: 'connections', fallbackText: "the system's" }),
  },
  { flags: '-n, --no-action', help: 'not supported, an error as in postgrey', aliases: ['--noaction'] },
];

/** Those that postgrey does not have. */
export const OPTIONS_OF_GREYD: readonly OptionEntry[] = [
  {
    flags: '--max-connections <N>',
    help: 'connections at a time; each further one takes the place of the one that was answered longest ago',
    default: DEFAULT_MAX_CONNECTIONS,
    parse: numberOr('--max-connections', DEFAULT_MAX_CONNECTIONS, { unit: 'connections' }),
  },
  {
    flags: '--request-timeout <SECONDS>',
    help: 'time for a client to finish a request that it has begun, and to take an answer',
    default: DEFAULT_REQUEST_TIMEOUT,
    parse: numberOr('--request-timeout', DEFAULT_REQUEST_TIMEOUT, { unit: 'seconds' }),
  },
  {
    flags: '--max-request-size <BYTES>',
    help: 'a larger request passes without greylisting',
    default: DEFAULT_MAX_REQUEST_SIZE,
    parse: numberOr('--max-request-size', DEFAULT_MAX_REQUEST_SIZE, { unit: 'bytes' }),
  },
  {
    flags: '--max-request-attributes <N>',
    help: 'a request of more attributes passes without greylisting',
    default: DEFAULT_MAX_ATTRIBUTES,
    parse: numberOr('--max-request-attributes', DEFAULT_MAX_ATTRIBUTES, { unit: 'attributes' }),
  },
  {
    flags: '--dry-run',
    help: 'remember and log as ever, but let all mail pass: to see what greylisting would do',
  },
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
  {
    flags: '--syslog-ident <NAME>',
    help: 'name of the program in syslog, used with --daemonize; log parsers look for the default',
    default: DEFAULT_IDENT,
    parse: syslogIdent,
  },
  {
    flags: '--store-timeout <SECONDS>',
    help: 'mail that the database has not answered by then passes without greylisting',
    default: 2,
    parse: numberOr('--store-timeout', 2, { unit: 'seconds', max: 60 }),
  },
  {
    flags: '--max-queued-requests <N>',
    help: 'requests that may wait for the database at a time; mail of others passes without greylisting',
    default: 10_000,
    parse: numberOr('--max-queued-requests', 10_000, { unit: 'requests' }),
  },
  {
    flags: '--max-triplets <N>',
    help: 'triplets that are stored at a time; mail of further ones passes without greylisting; 0: any number',
    default: 20_000_000,
    parse: (text) => wholeNumber(text, 'a whole number of triplets, or 0 for any'),
  },
  {
    flags: '--max-new-per-client <N>',
    help: 'new triplets of one client network in an hour, others pass; 0: any number',
    default: 0,
    parse: (text) => wholeNumber(text, 'a whole number of triplets, or 0 for any'),
  },
  {
    flags: '--store <URL>',
    help: 'keep records in Valkey or Redis, for several hosts: redis://HOST, redis-sentinel://HOSTS/NAME, redis-cluster://HOSTS',
    defaultText: 'the database in --dbdir',
    parse: parseRedisUrl,
  },
  {
    flags: '--store-prefix <TEXT>',
    help: 'what the keys of all records in --store begin with',
    default: DEFAULT_PREFIX,
    parse: keyPrefix,
  },
  {
    flags: '--store-password-file <FILE>',
    help: 'the password for --store is the first line of this file',
    defaultText: 'that of the URL, or GREYD_STORE_PASSWORD',
  },
  {
    flags: '--store-ca-file <FILE>',
    help: 'certificates, in PEM, of those who may sign that of --store',
    defaultText: 'the well-known ones',
  },
  {
    flags: '--store-replicas <N>',
    help: 'so many replicas of --store must have what is saved; without them mail passes',
    default: 0,
    parse: (text) => wholeNumber(text, 'a whole number of replicas'),
  },
  {
    flags: '--metrics <[HOST:]PORT>',
    help: 'answer /metrics, for Prometheus, and /healthz over HTTP; without HOST on 127.0.0.1 and ::1',
    parse: inet('--metrics', 9760),
  },
];

export const OPTION_TABLE: readonly OptionEntry[] = [...OPTIONS_OF_POSTGREY, ...OPTIONS_OF_GREYD];

/** The values of OPTION_TABLE by name; those with a default are always there, others may be empty. */
export interface GivenOptions extends GivenSharedStore, GivenRules, GivenLookup {
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
  greylistAction: string;
  greylistText: string;
  xGreylistHeader: string;
  lookupBySubnet?: true;
  privacy?: true;
  hostname?: string;
  exim?: true;
  whitelistClients: string[];
  whitelistRecipients: string[];
  syslogFacility: string;
  syslogIdent: string;
  listenQueueSize?: number;
  noAction?: true;
  maxConnections: number;
  requestTimeout: number;
  maxRequestSize: number;
  maxRequestAttributes: number;
  dryRun?: true;
  allowTestTime?: true;
  logFormat: LogFormat;
  maxQueuedRequests: number;
  maxTriplets: number;
  maxNewPerClient: number;
  metrics?: InetEndpoint[];
}
