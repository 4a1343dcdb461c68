/**
 * The URL of a shared store, as --store takes it:
 *
 *   url      :== engine ["s"] [topology] "://" [[user] [":" password] "@"] host *("," host) ["/" name]
 *   engine   :== "redis" | "valkey"              the same to greyd; with "s" behind it by TLS
 *   topology :== "-sentinel" | "-cluster"        none: one server, or one address that leads to it
 *   host     :== name or address [":" port]      an IPv6 address in brackets; of Sentinels, or of some nodes
 *   name     :== number of the database (0); with Sentinels: name of the primary ["/" number]
 *
 * User and password are percent-encoded, as in every URL (RFC 3986, section 3.2.1).
 */

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

interface Common {
  /** At least one. */
  readonly hosts: readonly HostPort[];
  readonly isEncrypted: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

export type RedisLocation =
  | (Common & { readonly topology: 'single'; readonly database: number })
  | (Common & { readonly topology: 'sentinel'; readonly primary: string; readonly database: number })
  | (Common & { readonly topology: 'cluster' });

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;

const URL_FORM =
  /^(?:redis|valkey)(?<tls>s?)(?:-(?<topology>sentinel|cluster))?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@]*))?@)?(?<hosts>[^@/]+)(?<path>\/.*)?$/;

/** @throws with what to write instead */
export function parseRedisUrl(text: string): RedisLocation {
  const parts = URL_FORM.exec(text)?.groups ?? {};
  const { topology = 'single', path = '' } = parts;
  const names = path.replace(/^\//, '').split('/');
  const common: Common = {
    hosts: (parts.hosts ?? '')
      .split(',')
      .map((host) => hostPort(host, topology === 'sentinel' ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT)),
    isEncrypted: parts.tls === 's',
    user: decoded(parts.user),
    password: decoded(parts.password),
  };
  const [first = '', second = '', ...others] = names;
  if (others.length === 0) {
    if (topology === 'cluster' && path.length <= 1) return { ...common, topology };
    if (topology === 'sentinel' && first !== '') {
      return { ...common, topology, primary: first, database: database(second) };
    }
    if (topology === 'single' && common.hosts.length === 1 && second === '') {
      return { ...common, topology, database: database(first) };
    }
  }
  return fail();
}

/** The same text with `***` in place of a password, wherever a URL in it has one. */
export function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^:@/\s]*:).*@/g, '$1***@');
}

/** What it is called in messages; without user and password. */
export function locationName({ topology, hosts, ...location }: RedisLocation): string {
  const names = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  const primary = 'primary' in location ? `/${location.primary}` : '';
  return `${topology === 'single' ? 'redis' : `redis-${topology}`}://${names.join(',')}${primary}`;
}

function hostPort(text: string, defaultPort: number): HostPort {
  const {
    bracketed,
    host = bracketed,
    port,
  } = /^(?:\[(?<bracketed>[\da-fA-F:.]+)\]|(?<host>[^[\]:\s]+))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ??
  {};
  const number = port === undefined ? defaultPort : Number(port);
  return host === undefined || number < 1 || number > 65_535 ? fail() : { host, port: number };
}

function database(text: string): number {
  return /^\d{0,5}$/.test(text) ? Number(text) : fail();
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined || text === '' ? undefined : decodeURIComponent(text);
  } catch {
    return fail();
  }
}

function fail(): never {
  throw new Error(
    'redis://HOST[:PORT], redis-sentinel://HOST[:PORT],…/NAME or redis-cluster://HOST[:PORT],…; rediss… for TLS, valkey… is the same',
  );
}
