/**
 * The clients of the library (@redis/client), which is loaded for a shared store only: of one
 * server, or of a Cluster, behind one interface for commands about keys.
 *
 * A lost connection to a server is not made again; within a Cluster the library manages its connections.
 */
import { connect } from 'node:net';
import type { RedisClientOptions, RedisClientType, RedisClusterType } from '@redis/client';
import { watchEncrypted, watchNewSockets } from './answers.ts';
import type { HostPort, RedisLocation } from './location.ts';

export interface RedisSettings {
  readonly location: RedisLocation;
  /** Replaces the password in the URL. */
  readonly password: string | undefined;
  /** CA certificates that the server's is checked against, in PEM; undefined: those of Node.js. */
  readonly ca: string | undefined;
  /** How long the caller waits for an answer, in milliseconds. */
  readonly timeoutMs: number;
}

export type RedisCommand = readonly string[];

/** One server, or a Cluster. */
export interface RedisClient {
  /** True if it has a connection, or reconnects by itself. */
  readonly isOpen: boolean;
  /**
   * Sends commands one after the other on one connection, to the primary that has the key.
   * @returns their answers
   * @throws (rejects) if one of them fails; the effects of the others stay
   */
  send(key: string, commands: readonly RedisCommand[]): Promise<unknown[]>;
  /**
   * Returns the names of all keys that match a pattern of SCAN, in groups; one may occur twice while a server
   * rearranges its table.
   */
  keys(pattern: string): AsyncIterable<string[]>;
  /** Closes it at once; open commands fail. */
  destroy(): void;
}

const CONNECT_TIMEOUT_MS = 1000;
/** In a Cluster, milliseconds between two attempts to connect to a node. */
const RECONNECT_PAUSE_MS = 250;
const PING_INTERVAL_MS = 1000;
/** In a Cluster, milliseconds from the loss of a connection to a new look at the topology. */
const LOOK_FOR_PRIMARY_MS = 500;
/** The number of keys that a server examines for one group. */
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

/** Receives errors that no command reports: why there is no connection. */
export type OnError = (error: unknown) => void;

/** Returns the options that all connections share. */
function clientOptions({ location, password = location.password, ca, timeoutMs }: RedisSettings) {
  return {
    ...(location.user !== undefined && { username: location.user }),
    ...(password !== undefined && { password }),
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    pingInterval: PING_INTERVAL_MS,
    socket: {
      connectTimeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
      socketTimeout: timeoutMs + PING_INTERVAL_MS,
      ...(location.isEncrypted && { tls: true as const, ...(ca !== undefined && { ca }) }),
    },
  } satisfies RedisClientOptions;
}

/**
 * Loads the library, only with --store. It is CommonJS: bundled, as in the Debian package, it has no names beside its
 * default export, which Node.js gives it too.
 */
async function loadLibrary(): Promise<typeof import('@redis/client')> {
  const library = await import('@redis/client');
  return 'default' in library ? (library.default as typeof library) : library;
}

/** @throws (rejects) if there is no connection at the first attempt */
export async function connectServer(
  settings: RedisSettings,
  address: HostPort,
  database: number,
  onError: OnError,
): Promise<RedisClient> {
  const { createClient } = await loadLibrary();
  const options = clientOptions(settings);
  const beneath = settings.location.isEncrypted ? connect(address) : undefined;
  const answered = beneath === undefined ? () => {} : watchEncrypted(beneath);
  const server: Server = createClient({
    ...options,
    RESP,
    database,
    socket: { ...options.socket, ...address, ...(beneath && { socket: beneath }), reconnectStrategy: false },
  });
  server.on('error', onError);
  // These are the library's own pings.
  server.on('ping-interval', answered);
  // It opens its one socket at once.
  const watchNoMore = watchNewSockets();
  const connected = server.connect();
  watchNoMore();
  await connected;
  return {
    get isOpen() {
      return server.isOpen;
    },
    send: (_, commands) =>
      sendTogether(commands, server, (command) => server.sendCommand([...command])).finally(answered),
    async *keys(pattern) {
      for await (const group of server.scanIterator({ MATCH: pattern, COUNT: SCAN_COUNT })) {
        answered();
        yield group;
      }
    },
    destroy: () => server.destroy(),
  };
}

/** @throws (rejects) if no node can be connected to */
export async function connectCluster(
  settings: RedisSettings,
  addresses: readonly HostPort[],
  onError: OnError,
): Promise<RedisClient> {
  const { createCluster, SocketTimeoutError } = await loadLibrary();
  const options = clientOptions(settings);
  const cluster: Cluster = createCluster({
    rootNodes: addresses.map((address) => ({ socket: { ...address } })),
    defaults: { ...options, socket: { ...options.socket, reconnectStrategy: RECONNECT_PAUSE_MS } },
    topologyRefreshOnReconnectionAttemptStrategy: LOOK_FOR_PRIMARY_MS,
    RESP,
  });
  // Until it is closed it opens sockets whenever it needs one.
  const watchNoMore = watchNewSockets();
  const destroy = () => {
    watchNoMore();
    if (cluster.isOpen) cluster.destroy();
  };
  let reason: unknown;
  cluster.on('error', (error) => {
    reason = error;
    onError(error);
  });
  cluster.on('node-error', (error) => {
    onError(error);
    // A hanging node still accepts connections: ask the others which node is primary now.
    if (error instanceof SocketTimeoutError) destroy();
  });
  try {
    await cluster.connect();
  } catch (error) {
    destroy();
    // The library's own error only says that there is no node.
    throw reason ?? error;
  }
  return {
    get isOpen() {
      return cluster.isOpen;
    },
    async send(key, commands) {
      const one = (command: RedisCommand) => cluster.sendCommand(key, false, [...command]);
      const together = async () => sendTogether(commands, await cluster.getNodeClientForKey(key), one);
      try {
        return await together();
      } catch (error) {
        if (!hasMoved(error)) throw error;
        // The library does not redirect commands that are sent together, but it learns the right node from a
        // single one.
        await one(['GET', key]);
        return await together();
      }
    },
    async *keys(pattern) {
      for (const master of cluster.masters) {
        const node = await cluster.nodeClient(master);
        yield* node.scanIterator({ MATCH: pattern, COUNT: SCAN_COUNT });
      }
    },
    destroy,
  };
}

/** Sends commands on the one connection of a server. @param one sends a single one */
async function sendTogether(
  commands: readonly RedisCommand[],
  server: Server,
  one: (command: RedisCommand) => Promise<unknown>,
): Promise<unknown[]> {
  const [command] = commands;
  if (command !== undefined && commands.length === 1) return [await one(command)];
  const together = server.multi();
  for (const each of commands) together.addCommand([...each]);
  return together.execAsPipeline();
}

function hasMoved(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('MOVED ');
}
