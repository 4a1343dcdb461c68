/**
 * Where a shared store is, as --store says it (see options/store-url).
 */

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

interface Common {
  readonly isEncrypted: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

interface SingleLocation extends Common {
  readonly topology: 'single';
  readonly host: HostPort;
  readonly database: number;
}

export interface SentinelLocation extends Common {
  readonly topology: 'sentinel';
  /** The Sentinels. */
  readonly hosts: readonly HostPort[];
  /** The name by which the Sentinels know the primary. */
  readonly primary: string;
  readonly database: number;
}

interface ClusterLocation extends Common {
  readonly topology: 'cluster';
  /** Some of the nodes. */
  readonly hosts: readonly HostPort[];
}

export type RedisLocation = SingleLocation | SentinelLocation | ClusterLocation;

/** Returns the name for messages, without user and password. */
export function locationName(location: RedisLocation): string {
  const { topology, isEncrypted } = location;
  const hosts = topology === 'single' ? [location.host] : location.hosts;
  const names = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  const scheme = `redis${isEncrypted ? 's' : ''}${topology === 'single' ? '' : `-${topology}`}`;
  return `${scheme}://${names.join(',')}${topology === 'sentinel' ? `/${location.primary}` : ''}`;
}
