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
import type { HostPort, RedisLocation } from '../store/redis/location.ts';

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;

const URL_FORM =
  /^(?:redis|valkey)(?<tls>s?)(?:-(?<topology>sentinel|cluster))?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@]*))?@)?(?<hosts>[^@/]+)(?<path>\/.*)?$/;

/** @throws with what to write instead */
export function parseRedisUrl(text: string): RedisLocation {
  const parts = URL_FORM.exec(text)?.groups ?? {};
  const { topology = 'single', path = '' } = parts;
  const port = topology === 'sentinel' ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT;
  const hosts = (parts.hosts ?? '').split(',').map((host) => hostPort(host, port));
  const [first = '', second = '', ...others] = path.replace(/^\//, '').split('/');
  const common: Pick<RedisLocation, 'isEncrypted' | 'user' | 'password'> = {
    isEncrypted: parts.tls === 's',
    user: decoded(parts.user),
    password: decoded(parts.password),
  };
  if (topology === 'cluster' && path.length <= 1) return { ...common, topology, hosts };
  if (topology === 'sentinel' && first !== '' && others.length === 0) {
    return { ...common, topology, hosts, primary: first, database: database(second) };
  }
  const [host] = hosts;
  if (topology === 'single' && hosts.length === 1 && host !== undefined && second === '') {
    return { ...common, topology, host, database: database(first) };
  }
  return failUrl();
}

function hostPort(text: string, defaultPort: number): HostPort {
  const {
    bracketed,
    host = bracketed,
    port,
  } = /^(?:\[(?<bracketed>[\da-fA-F:.]+)\]|(?<host>[\w.-]+))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ?? {};
  const number = port === undefined ? defaultPort : Number(port);
  return host === undefined || number < 1 || number > 65_535 ? failUrl() : { host, port: number };
}

function database(text: string): number {
  return /^\d{0,5}$/.test(text) ? Number(text) : failUrl();
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined || text === '' ? undefined : decodeURIComponent(text);
  } catch {
    return failUrl();
  }
}

function failUrl(): never {
  throw new Error(
    'redis://HOST[:PORT], redis-sentinel://HOST[:PORT],…/NAME or redis-cluster://HOST[:PORT],…; rediss… for TLS, valkey… is the same',
  );
}
