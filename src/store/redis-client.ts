/**
 * The clients of the library (@redis/client), which is loaded when a shared store is asked for: of one
 * server, of the primary that Sentinels name, or of a Cluster, seen alike as what takes commands about keys.
 *
 * A lost connection to a server is not made again; within a Cluster the library sees to its connections.
 * The primary is asked for as https://redis.io/docs/latest/develop/reference/sentinel-clients/ has it; the
 * library's own client for Sentinels came back seven seconds after a promotion, this one within two.
 *
 * Known limit: Sentinels are asked without user and password.
 */
import type { RedisClientOptions, RedisClientType, RedisClusterType } from '@redis/client';
import type { HostPort, RedisLocation } from './redis-url.ts';

export interface RedisSettings {
  readonly location: RedisLocation;
  /** Takes the place of the one in the URL. */
  readonly password: string | undefined;
  /** Certificates of those who may sign the server's, in PEM; undefined: those that Node.js brings. */
  readonly ca: string | undefined;
  /** How long the caller waits for an answer, in milliseconds. */
  readonly timeoutMs: number;
}

export type RedisCommand = readonly string[];

/** One server, or a Cluster. */
export interface RedisClient {
  /** Whether it has a connection, or sees to it. */
  readonly isOpen: boolean;
  /**
   * Sends commands one behind the other on one connection, to the primary that has the key.
   * @returns their answers
   * @throws (rejects) if one of them fails; what the others have done stays
   */
  send(key: string, commands: readonly RedisCommand[]): Promise<unknown[]>;
  /**
   * The names of all keys that match a pattern of SCAN, in groups; one may come twice while a server
   * rearranges its table.
   */
  keys(pattern: string): AsyncIterable<string[]>;
  /** Waits for the commands under way. */
  close(): Promise<void>;
  /** Closes at once. */
  destroy(): void;
}

const CONNECT_TIMEOUT_MS = 1000;
/** Of a Cluster, from one attempt to connect to a node to the next. */
const RECONNECT_PAUSE_MS = 250;
const PING_INTERVAL_MS = 1000;
/** Of a Cluster, how soon it is asked who is whose primary when a connection is lost. */
const LOOK_FOR_PRIMARY_MS = 500;
/** Keys that a server looks at for one group. */
const SCAN_COUNT = 500;
/** The version of the protocol that every server speaks. */
const RESP = 2;

type Server = RedisClientType<Record<never, never>, Record<never, never>, Record<never, never>, typeof RESP>;
type Cluster = RedisClusterType<
  Record<never, never>,
  Record<never, never>,
  Record<never, never>,
  typeof RESP
>;

/** Told of errors that no command is told of: why there is no connection. */
export type OnError = (error: unknown) => void;

/** @throws (rejects) if there is no connection at the first attempt */
export async function connectRedis(settings: RedisSettings, onError: OnError): Promise<RedisClient> {
  const { location } = settings;
  switch (location.topology) {
    case 'single':
      return serverClient(await connectServer(settings, location.hosts[0], location.database, onError));
    case 'sentinel': {
      const primary = await askForPrimary(settings, location);
      const server = await connectServer(settings, primary, location.database, onError);
      try {
        const [role] = (await server.sendCommand(['ROLE'])) as unknown as [string];
        if (role === 'master') return serverClient(server);
        throw new Error(`${primary.host}:${primary.port} is not the primary yet`);
      } catch (error) {
        if (server.isOpen) server.destroy();
        throw error;
      }
    }
    case 'cluster':
      return connectCluster(settings, onError);
  }
}

/** What all connections have in common. */
function clientOptions({ location, password = location.password, ca, timeoutMs }: RedisSettings) {
  return {
    ...(location.user !== undefined && { username: location.user }),
    ...(password !== undefined && { password }),
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    pingInterval: PING_INTERVAL_MS,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: timeoutMs + PING_INTERVAL_MS,
      ...(location.isEncrypted && { tls: true as const, ...(ca !== undefined && { ca }) }),
    },
  } satisfies RedisClientOptions;
}

async function connectServer(
  settings: RedisSettings,
  address: HostPort | undefined,
  database: number,
  onError: OnError,
): Promise<Server> {
  const { createClient } = await import('@redis/client');
  const options = clientOptions(settings);
  const server = createClient({
    ...options,
    RESP,
    database,
    socket: { ...options.socket, ...address, reconnectStrategy: false },
  });
  server.on('error', onError);
  await server.connect();
  return server;
}

/** Asks one Sentinel after the other until one answers. */
async function askForPrimary(
  settings: RedisSettings,
  { hosts, primary }: RedisLocation & { topology: 'sentinel' },
): Promise<HostPort> {
  const { user: _, password: __, ...location } = settings.location;
  const open = {
    ...settings,
    location: { ...location, user: undefined, password: undefined },
    password: undefined,
  };
  let failure: unknown;
  for (const address of hosts) {
    let sentinel: Server | undefined;
    try {
      sentinel = await connectServer(open, address, 0, () => {});
      const answer = await sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', primary]);
      if (answer === null) throw new Error(`the Sentinels know of no primary ${primary}`);
      const [host = '', port] = answer as unknown as [string, string];
      return { host, port: Number(port) };
    } catch (error) {
      failure = error;
    } finally {
      if (sentinel?.isOpen) sentinel.destroy();
    }
  }
  throw failure;
}

function serverClient(server: Server): RedisClient {
  return {
    get isOpen() {
      return server.isOpen;
    },
    async send(_, commands) {
      const [command = []] = commands;
      if (commands.length === 1) return [await server.sendCommand([...command])];
      const together = server.multi();
      for (const one of commands) together.addCommand([...one]);
      return together.execAsPipeline();
    },
    keys: (pattern) => server.scanIterator({ MATCH: pattern, COUNT: SCAN_COUNT }),
    close: () => server.close(),
    destroy: () => server.destroy(),
  };
}

async function connectCluster(settings: RedisSettings, onError: OnError): Promise<RedisClient> {
  const { createCluster } = await import('@redis/client');
  const options = clientOptions(settings);
  const cluster: Cluster = createCluster({
    rootNodes: settings.location.hosts.map((host) => ({ socket: { ...host } })),
    defaults: { ...options, socket: { ...options.socket, reconnectStrategy: RECONNECT_PAUSE_MS } },
    topologyRefreshOnReconnectionAttemptStrategy: LOOK_FOR_PRIMARY_MS,
    RESP,
  });
  cluster.on('error', onError);
  cluster.on('node-error', onError);
  try {
    await cluster.connect();
  } catch (error) {
    if (cluster.isOpen) cluster.destroy();
    throw error;
  }
  return {
    get isOpen() {
      return cluster.isOpen;
    },
    async send(key, commands) {
      const [command = []] = commands;
      if (commands.length === 1) return [await cluster.sendCommand(key, false, [...command])];
      const together = cluster.multi();
      for (const one of commands) together.addCommand(key, false, [...one]);
      return together.execAsPipeline();
    },
    async *keys(pattern) {
      for (const master of cluster.masters) {
        const node = await cluster.nodeClient(master);
        yield* node.scanIterator({ MATCH: pattern, COUNT: SCAN_COUNT });
      }
    },
    close: () => cluster.close(),
    destroy: () => cluster.destroy(),
  };
}
