/**
 * The connection to a shared store: one server, the primary that Sentinels name, or the primaries of a
 * Cluster, seen alike as what takes commands about keys. The library (@redis/client) is loaded when one is
 * asked for.
 *
 * Nothing waits here for a server that is away: a lost connection fails what was sent on it, and the next
 * command makes a new one, RETRY_PAUSE_MS after an attempt that failed. Within a Cluster the library sees
 * to its connections. How long a server may take to answer is for the caller to bound; one that says
 * nothing at all for that long and a second is given up.
 *
 * The primary is asked for as https://redis.io/docs/latest/develop/reference/sentinel-clients/ has it; the
 * library's own client for Sentinels came back seven seconds after a promotion, this one within one.
 *
 * Known limit: Sentinels are asked without user and password.
 */
import type { RedisClientOptions, RedisClientType, RedisClusterType } from '@redis/client';
import { type HostPort, locationName, type RedisLocation } from './redis-url.ts';

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

export interface RedisConnection {
  /** Keys of one lane may stand in one command: all of them, or those of one slot of a Cluster. */
  laneOf(key: string): string;
  /**
   * Sends commands one behind the other on one connection, to the primary that has the key.
   * @returns their answers
   * @throws (rejects) {SharedStoreError} if one of them fails; what the others have done stays
   */
  send(key: string, commands: readonly RedisCommand[]): Promise<unknown[]>;
  /**
   * The names of all keys that match a pattern of SCAN, in groups; one may come twice while a server
   * rearranges its table.
   * @throws {SharedStoreError}
   */
  keys(pattern: string): AsyncIterable<string[]>;
  /** Waits for the commands under way. */
  close(): Promise<void>;
}

/** Its message begins with the name of the store. */
export class SharedStoreError extends Error {
  override readonly name = 'SharedStoreError';
}

/** From one attempt to connect to the next, in milliseconds. */
const RETRY_PAUSE_MS = 250;
const CONNECT_TIMEOUT_MS = 1000;
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

/** What there is of one server, or of a Cluster. */
interface Client extends Pick<RedisConnection, 'send' | 'keys' | 'close'> {
  readonly isOpen: boolean;
  destroy(): void;
}

type OnError = (error: unknown) => void;

export class LazyRedisConnection implements RedisConnection {
  readonly #settings: RedisSettings;
  readonly #name: string;
  /** Milliseconds, on a clock that nobody sets. */
  readonly #uptime: () => number;
  readonly #greet: (client: Pick<RedisConnection, 'send'>) => Promise<void>;
  #client: Promise<Client> | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  /** Why there is no connection, as far as that was told. */
  #lastError: unknown;

  /** @param greet is done first on each new connection, which is given up if it fails */
  constructor(
    settings: RedisSettings,
    uptime: () => number,
    greet: (client: Pick<RedisConnection, 'send'>) => Promise<void> = async () => {},
  ) {
    this.#settings = settings;
    this.#name = locationName(settings.location);
    this.#uptime = uptime;
    this.#greet = greet;
  }

  laneOf(key: string): string {
    return this.#settings.location.topology === 'cluster' ? (/\{[^}]*\}/.exec(key)?.[0] ?? key) : '';
  }

  async send(key: string, commands: readonly RedisCommand[]): Promise<unknown[]> {
    try {
      const client = await this.#connected();
      try {
        return await client.send(key, commands);
      } catch (error) {
        this.#letGo(client, error);
        throw error;
      }
    } catch (error) {
      throw this.#described(error);
    }
  }

  async *keys(pattern: string): AsyncGenerator<string[], void> {
    try {
      const client = await this.#connected();
      yield* client.keys(pattern);
    } catch (error) {
      throw this.#described(error);
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    if (client?.isOpen) await client.close();
  }

  async #connected(): Promise<Client> {
    const opening = this.#client ?? this.#open();
    const client = await opening;
    // One that was closed while nothing was under way is not worth a failure.
    if (client.isOpen || this.#client !== opening) return client;
    return this.#open();
  }

  /** Begins to connect, unless that has failed just now. */
  #open(): Promise<Client> {
    if (this.#uptime() - this.#failedAt < RETRY_PAUSE_MS) return Promise.reject(this.#lastError);
    const opening = this.#connect();
    this.#client = opening;
    opening.catch((error) => {
      this.#client = undefined;
      this.#failedAt = this.#uptime();
      this.#lastError = error;
    });
    return opening;
  }

  async #connect(): Promise<Client> {
    const client = await connect(this.#settings, (error) => {
      this.#lastError = error;
    });
    try {
      await this.#greet(client);
    } catch (error) {
      if (client.isOpen) client.destroy();
      throw error;
    }
    return client;
  }

  /** After an error by which the next command needs another connection. */
  #letGo(client: Client, error: unknown): void {
    const isNoPrimary = error instanceof Error && error.message.startsWith('READONLY');
    if (client.isOpen && !isNoPrimary) return;
    if (client.isOpen) client.destroy();
    this.#client = undefined;
  }

  /** With the store's name; and of an error that only says that there is no connection, why. */
  #described(error: unknown): SharedStoreError {
    const isOffline = error instanceof Error && /^The client is (?:offline|closed)$/.test(error.message);
    const cause = isOffline && this.#lastError !== undefined ? this.#lastError : error;
    return new SharedStoreError(`${this.#name}: ${reasonOf(cause)}`, { cause: error });
  }
}

/** Several addresses of one name fail together, without a message of their own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

async function connect(settings: RedisSettings, onError: OnError): Promise<Client> {
  const { location } = settings;
  switch (location.topology) {
    case 'single':
      return serverClient(await connectServer(settings, location.hosts[0], location.database, onError));
    case 'sentinel': {
      const primary = await askForPrimary(settings, location);
      const server = await connectServer(settings, primary, location.database, onError);
      const [role] = (await server.sendCommand(['ROLE'])) as unknown as [string];
      if (role === 'master') return serverClient(server);
      server.destroy();
      throw new Error(`${primary.host}:${primary.port} is not the primary yet`);
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

/** @throws (rejects) if there is no connection at the first attempt; a lost one is not made again */
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

function serverClient(server: Server): Client {
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

async function connectCluster(settings: RedisSettings, onError: OnError): Promise<Client> {
  const { createCluster } = await import('@redis/client');
  const options = clientOptions(settings);
  const cluster: Cluster = createCluster({
    rootNodes: settings.location.hosts.map((host) => ({ socket: { ...host } })),
    defaults: { ...options, socket: { ...options.socket, reconnectStrategy: RETRY_PAUSE_MS } },
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
