/**
 * The options that postgrey does not have, once: flags, default, help and check of each.
 */
import { PROFILES } from '../greylist/visit.ts';
import { DEFAULT_IDENT } from '../log/syslog.ts';
import type { OptionEntry } from './command-line.ts';
import { parseRedisUrl } from './store-url.ts';
import { inet, keyPrefix, networks, numberOr, oneOf, syslogIdent, wholeNumber } from './values.ts';

const DEFAULT_MAX_CONNECTIONS = 10_000;
/** Postfix's smtpd_policy_service_timeout: by then Postfix has given up the request. */
const DEFAULT_REQUEST_TIMEOUT = 100;
const DEFAULT_NAMED_DELAY = 60;
const DEFAULT_PREFIX = 'greyd:';
const DEFAULT_MAX_REQUEST_SIZE = 1024 * 1024;
const DEFAULT_MAX_ATTRIBUTES = 1000;

/** The options that postgrey does not have. */
export const OPTIONS_OF_GREYD = [
  {
    flags: '--profile <NAME>',
    help: "whose rule decides: postgrey's; smart: good mail does not wait; suspects: only they wait",
    default: 'postgrey',
    parse: oneOf(PROFILES),
  },
  {
    flags: '--named-delay <SECONDS>',
    help: 'how long mail waits whose client shares a wait with others of its domain, with --profile',
    default: DEFAULT_NAMED_DELAY,
    defaultText: `${DEFAULT_NAMED_DELAY}, never more than --delay`,
    parse: numberOr('--named-delay', DEFAULT_NAMED_DELAY, { unit: 'seconds' }),
  },
  {
    flags: '--auto-whitelist-farms <N>',
    help: 'stop greylisting hosts of one name after N different hours with a successful retry, with --profile; 0: off',
    default: 3,
    parse: (text) => wholeNumber(text, 'a whole number of hours, or 0 for off'),
  },
  {
    flags: '--outgoing <[HOST:]PORT>',
    help: 'listen for requests about outgoing mail, whose recipients may answer at once; without HOST on 127.0.0.1 and ::1',
    parse: inet('--outgoing', 60001),
  },
  {
    flags: '--outgoing-networks <LIST>',
    help: 'networks whose outgoing mail is our own without a login, with commas between them',
    default: [],
    defaultText: 'none',
    parse: networks,
  },
  {
    flags: '--whitelist-senders <FILE>',
    help: 'senders that are never greylisted, of a client that is no suspect; may be repeated',
    default: [],
    defaultText: 'none',
    repeatable: true,
  },
  {
    flags: '--greylist-clients <FILE>',
    help: 'clients that are always greylisted and never auto-whitelisted; may be repeated',
    default: [],
    defaultText: 'none',
    repeatable: true,
  },
  {
    flags: '--recipient-policies <FILE>',
    help: 'recipients with a profile or a delay of their own, or without greylisting; may be repeated',
    default: [],
    defaultText: 'none',
    repeatable: true,
  },
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
