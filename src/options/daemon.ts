/**
 * The options of the daemon as plain values, made from the command line.
 */
import type { NetworkLengths } from '../greylist/keys.ts';
import type { LogLevel } from '../log/logger.ts';
import { withoutPassword } from '../log/password.ts';
import type { RequestBounds } from '../policy/attributes.ts';
import type { Endpoint, InetEndpoint, InheritedEndpoint } from '../server/endpoint.ts';
import { SLOT_BITS } from '../store/redis/keys.ts';
import type { SharedStoreSettings } from '../store/redis/open.ts';
import { lateNote, readCommandLine, UsageError } from './command-line.ts';
import { networkLengthsOf, sharedStoreOf } from './shared.ts';
import { type GivenOptions, OPTION_TABLE } from './table.ts';

/** What follows from several options, or from more than the command line. */
interface Derived {
  readonly endpoints: readonly Endpoint[];
  /** undefined: the system's own value. */
  readonly listenQueueSize: number | undefined;
  readonly requestBounds: RequestBounds;
  readonly hostname: string;
  readonly networkLengths: NetworkLengths;
  readonly logLevel: LogLevel;
  /** undefined: records are in the database in `dbdir`. */
  readonly sharedStore: SharedStoreSettings | undefined;
  /** The endpoints of --metrics; empty without it. */
  readonly metricsEndpoints: readonly Endpoint[];
  /** Remarks about the command line, for the log. */
  readonly warnings: readonly string[];
}

/** The value of each option by its name, as its row in the table has it, and what follows from them. */
export type Options = Readonly<Omit<GivenOptions, keyof Derived>> & Derived;

/** The facts beside the command line that options depend on. */
export interface OptionContext {
  readonly version: string;
  readonly hostname: string;
  /** Listening sockets that greyd was started with. */
  readonly inherited: readonly InheritedEndpoint[];
  /** The password for --store, from the environment. */
  readonly storePassword?: string | undefined;
}

const PROGRAM = {
  name: 'greyd',
  usage: '--inet=[HOST:]PORT | --unix=PATH [options]',
  description: 'Greylisting policy daemon for Postfix',
  options: OPTION_TABLE,
};

/**
 * Reads the command line.
 * @param argv the words after the program's name
 * @returns the options, frozen; or, for --help, --man and --version, the text to print instead
 * @throws {UsageError}
 */
export function parseOptions(argv: readonly string[], surroundings: OptionContext): Options | string {
  const warnings: string[] = [];
  const { given, wasGiven, words, late, help } = readCommandLine<GivenOptions>(
    PROGRAM,
    argv,
    (warning) => void warnings.push(warning),
  );
  if (given.help || given.man) return help;
  if (given.version) return `greyd ${surroundings.version}\n`;
  if (given.noAction) throw new UsageError('--no-action is not supported, leave it out');
  for (const word of words) warnings.push(strayWarning(word));
  if (late.length > 0) warnings.push(lateNote(late));
  for (const word of argv) {
    const [, option, variable] = /^(--[\w-]+)=.*?(\$\w+|\$\{\w+\})/s.exec(word) ?? [];
    if (variable !== undefined) warnings.push(`${option} contains ${variable} literally: ${UNEXPANDED}`);
  }
  for (const [name, isIdle, warning] of IDLE_OPTIONS) {
    if (wasGiven(name) && isIdle(given)) warnings.push(warning);
  }
  checkTimes(given);
  checkSlots(given);
  return Object.freeze<Options>({
    ...given,
    endpoints: endpointsOf(given, surroundings),
    listenQueueSize: given.listenQueueSize || undefined,
    requestBounds: { maxBytes: given.maxRequestSize, maxAttributes: given.maxRequestAttributes },
    hostname: given.hostname || surroundings.hostname,
    networkLengths: networkLengthsOf(given),
    logLevel: given.quiet ? 'quiet' : given.verbose ? 'verbose' : 'normal',
    sharedStore: sharedStoreOf(given, surroundings.storePassword),
    metricsEndpoints: metricsEndpointsOf(given),
    warnings: warnings.map(withoutPassword),
  });
}

const UNEXPANDED = 'systemd does not expand variables in /etc/default, write the value instead';

function strayWarning(word: string): string {
  const reason = /^\$\{?\w/.test(word) ? UNEXPANDED : 'it belongs to no option (missing quotes?)';
  return `ignoring the word '${word}' on the command line: ${reason}`;
}

function endpointsOf(
  { inet, outgoing, unix, socketmode, daemonize }: GivenOptions,
  { inherited }: OptionContext,
): Endpoint[] {
  // Inherited ones first: they decide which of the others are still to be opened.
  const endpoints: Endpoint[] = [...inherited, ...(inet || [])];
  const isInherited = inherited.some(({ path }) => path === unix);
  if (unix && !isInherited) endpoints.push({ kind: 'unix', path: unix, mode: socketmode });
  if (endpoints.length === 0) {
    throw new UsageError(
      'nowhere to listen: give --inet=[HOST:]PORT or --unix=PATH, for example --inet=127.0.0.1:60000',
    );
  }
  const forOutgoing = (outgoing || []).map((endpoint) => ({ ...endpoint, isOutgoing: true }) as const);
  if (haveSamePort(forOutgoing, inet || []))
    throw new UsageError('--outgoing and --inet name the same port: write another port for one of them');
  endpoints.push(...forOutgoing);
  if (daemonize && inherited.length > 0) {
    throw new UsageError('--daemonize does not work with sockets passed by a service manager: leave it out');
  }
  return endpoints;
}

function metricsEndpointsOf({ metrics, inet }: GivenOptions): Endpoint[] {
  const endpoints = metrics || [];
  if (haveSamePort(endpoints, inet || []))
    throw new UsageError('--metrics and --inet name the same port: write another port for one of them');
  return endpoints;
}

function haveSamePort(some: readonly InetEndpoint[], others: readonly InetEndpoint[]): boolean {
  return some.some(({ host, port }) =>
    others.some((other) => port !== 0 && other.port === port && other.host === host),
  );
}

type IdleOption = readonly [keyof GivenOptions, (given: GivenOptions) => boolean, string];

/** Tells whether only postgrey's rule applies, to whatever recipient. */
export function isPostgreyOnly({
  profile,
  recipientPolicies,
}: Pick<GivenOptions, 'profile' | 'recipientPolicies'>): boolean {
  return profile === 'postgrey' && recipientPolicies.length === 0;
}

/** Options without effect unless another one is given, or because it is; each is reported. */
const IDLE_OPTIONS: readonly IdleOption[] = [
  ['syslogFacility', ({ daemonize }) => !daemonize, '--syslog-facility has no effect without --daemonize'],
  ['syslogIdent', ({ daemonize }) => !daemonize, '--syslog-ident has no effect without --daemonize'],
  ['socketmode', ({ unix }) => !unix, '--socketmode has no effect without --unix'],
  ['ipv4cidr', ({ lookupByHost }) => lookupByHost === true, '--ipv4cidr has no effect with --lookup-by-host'],
  ['ipv6cidr', ({ lookupByHost }) => lookupByHost === true, '--ipv6cidr has no effect with --lookup-by-host'],
  [
    'lookupBySubnet',
    ({ lookupByHost }) => lookupByHost === true,
    '--lookup-by-subnet has no effect with --lookup-by-host',
  ],
  ['namedDelay', isPostgreyOnly, '--named-delay has no effect with --profile=postgrey'],
  ['autoWhitelistFarms', isPostgreyOnly, '--auto-whitelist-farms has no effect with --profile=postgrey'],
  ['verbose', ({ quiet }) => quiet === true, '--verbose has no effect with --quiet'],
  ...(['storePrefix', 'storePasswordFile', 'storeCaFile', 'storeReplicas'] as const).map(
    (name): IdleOption => [name, ({ store }) => !store, `${optionName(name)} has no effect without --store`],
  ),
  [
    'maxTriplets',
    ({ store }) => store !== undefined,
    '--max-triplets has no effect with --store: the limit there is maxmemory of the server',
  ],
  [
    'storeCaFile',
    ({ store }) => store?.isEncrypted === false,
    '--store-ca-file has no effect without TLS: write rediss://',
  ],
];

/** Refuses times with which no mail would ever pass. */
function checkTimes({ delay, maxAge, retryWindow }: GivenOptions): void {
  const wrong = retryWindow <= delay ? '--retry-window' : maxAge <= delay ? '--max-age' : undefined;
  if (wrong !== undefined) {
    throw new UsageError(`${wrong} must be longer than --delay (${delay} s), or no mail would ever pass`);
  }
}

/** Refuses networks so large that a client and its network may be in different slots of a Cluster. */
function checkSlots({ store, lookupByHost, ipv4cidr, ipv6cidr }: GivenOptions): void {
  if (store?.topology !== 'cluster' || lookupByHost) return;
  if (ipv4cidr >= SLOT_BITS.ipv4 && ipv6cidr >= SLOT_BITS.ipv6) return;
  throw new UsageError(
    `client networks are too large for redis-cluster://: write at least --ipv4cidr=${SLOT_BITS.ipv4} and --ipv6cidr=${SLOT_BITS.ipv6}`,
  );
}

/** Returns `storePrefix` as `--store-prefix`. */
function optionName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
