/**
 * Every option of the daemon, once: its flags, default, help and check. The table makes --help,
 * and docs/reference.md is made of it.
 */
import { DEFAULT_IDENT } from '../log/syslog.ts';
import { DAY } from '../time/units.ts';
import type { OptionEntry } from './command-line.ts';
import type { GivenOf } from './given.ts';
import { parseRedisUrl } from './store-url.ts';
import {
  DEFAULT_AUTO_WHITELIST,
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
} from './values.ts';

const DEFAULT_DELAY = 300;
const DEFAULT_MAX_AGE = 35;
const DEFAULT_RETRY_DAYS = 2;
const DEFAULT_TEXT = 'Greylisted, see http://postgrey.schweikert.ch/help/%r.html';
const DEFAULT_HEADER = 'X-Greylist: delayed %t seconds by greyd-%v at %h; %d';
const DEFAULT_MAX_CONNECTIONS = 10_000;
/** Postfix's smtpd_policy_service_timeout: by then Postfix has given up the request. */
const DEFAULT_REQUEST_TIMEOUT = 100;
const DEFAULT_PREFIX = 'greyd:';
const DEFAULT_MAX_REQUEST_SIZE = 1024 * 1024;
const DEFAULT_MAX_ATTRIBUTES = 1000;

/** The options of postgrey, so that POSTGREY_OPTS works unchanged. */
const OPTIONS_OF_POSTGREY = [
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

/** The options that postgrey does not have. */
export const OPTIONS_OF_GREYD = [
  {
    flags: '--max-connections <N>',
    help: 'maximum number of connections; a further one replaces the one that has been idle longest',
    default: DEFAULT_MAX_CONNECTIONS,
    parse: numberOr('--max-connections', DEFAULT_MAX_CONNECTIONS, { unit: 'connections' }),
  },
  {
    flags: '--request-timeout <SECONDS>',
    help: 'time limit for a client to finish a request that it has begun, and to read an answer',
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
    help: 'a request with more attributes passes without greylisting',
    default: DEFAULT_MAX_ATTRIBUTES,
    parse: numberOr('--max-request-attributes', DEFAULT_MAX_ATTRIBUTES, { unit: 'attributes' }),
  },
  {
    flags: '--dry-run',
    help: 'record and log decisions, but let all mail pass',
  },
  {
    flags: '--allow-test-time',
    help: 'use policy_test_time of a request as the time; for tests only',
  },
  {
    flags: '--log-format <FORMAT>',
    help: 'text for people and log parsers, json for machines',
    default: 'text',
    parse: oneOf(['text', 'json']),
  },
  {
    flags: '--syslog-ident <NAME>',
    help: 'program name in syslog, used with --daemonize; log parsers expect the default',
    default: DEFAULT_IDENT,
    parse: syslogIdent,
  },
  {
    flags: '--store-timeout <SECONDS>',
    help: 'time limit for an answer of the database; after that mail passes without greylisting',
    default: 2,
    parse: numberOr('--store-timeout', 2, { unit: 'seconds', max: 60 }),
  },
  {
    flags: '--max-queued-requests <N>',
    help: 'maximum number of requests waiting for the database; further mail passes without greylisting',
    default: 10_000,
    parse: numberOr('--max-queued-requests', 10_000, { unit: 'requests' }),
  },
  {
    flags: '--max-triplets <N>',
    help: 'maximum number of stored triplets; mail of new ones then passes without greylisting; 0: no limit',
    default: 20_000_000,
    parse: (text) => wholeNumber(text, 'a whole number of triplets, or 0 for no limit'),
  },
  {
    flags: '--max-new-per-client <N>',
    help: 'new triplets per client network and hour; further ones pass without greylisting; 0: no limit',
    default: 0,
    parse: (text) => wholeNumber(text, 'a whole number of triplets, or 0 for no limit'),
  },
  {
    flags: '--store <URL>',
    help: 'keep records in Valkey or Redis, shared by several hosts: redis://HOST, redis-sentinel://HOSTS/NAME, redis-cluster://HOSTS',
    defaultText: 'the database in --dbdir',
    parse: parseRedisUrl,
  },
  {
    flags: '--store-prefix <TEXT>',
    help: 'prefix of all keys in --store',
    default: DEFAULT_PREFIX,
    parse: keyPrefix,
  },
  {
    flags: '--store-password-file <FILE>',
    help: 'file whose first line is the password for --store',
    defaultText: 'GREYD_STORE_PASSWORD, or the password in the URL',
  },
  {
    flags: '--store-ca-file <FILE>',
    help: 'CA certificates, in PEM, that the certificate of --store is checked against',
    defaultText: 'those of Node.js',
  },
  {
    flags: '--store-replicas <N>',
    help: 'replicas that must acknowledge each write; otherwise mail passes',
    default: 0,
    parse: (text) => wholeNumber(text, 'a whole number of replicas'),
  },
  {
    flags: '--metrics <[HOST:]PORT>',
    help: 'serve /metrics, for Prometheus, and /healthz over HTTP; without HOST on 127.0.0.1 and ::1',
    parse: inet('--metrics', 9760),
  },
] as const satisfies readonly OptionEntry[];

export const OPTION_TABLE = [...OPTIONS_OF_POSTGREY, ...OPTIONS_OF_GREYD] as const;

/** The values of OPTION_TABLE by name. */
export type GivenOptions = GivenOf<typeof OPTION_TABLE>;
