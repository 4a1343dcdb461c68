/**
 * The clients of the library (@redis/client), which is loaded when a shared store is asked for: of one
 * server, or of a Cluster, seen alike as what takes commands about keys.
 *
 * A lost connection to a server is not made again; within a Cluster the library sees to its connections.
 */
import { connect } from 'node:net';
import type { RedisClientOptions, RedisClientType, RedisClusterType } from '@redis/client';
import { watchEncrypted, watchNewSockets } from './redis-answers.ts';
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
  /** Closes it at once; what is under way fails. */
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
      connectTimeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
      socketTimeout: timeoutMs + PING_INTERVAL_MS,
      ...(location.isEncrypted && { tls: true as const, ...(ca !== undefined && { ca }) }),
    },
  } satisfies RedisClientOptions;
}

/** @throws (rejects) if there is no connection at the first attempt */
export async function connectServer(
  settings: RedisSettings,
  address: HostPort,
  database: number,
  onError: OnError,
): Promise<RedisClient> {
  const { createClient } = await import('@redis/client');
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
  // Of the pings of its own.
  server.on('ping-interval', answered);
  // It makes its one socket at once.
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
  const { createCluster, SocketTimeoutError } = await import('@redis/client');
  const options = clientOptions(settings);
  const cluster: Cluster = createCluster({
    rootNodes: addresses.map((address) => ({ socket: { ...address } })),
    defaults: { ...options, socket: { ...options.socket, reconnectStrategy: RECONNECT_PAUSE_MS } },
    topologyRefreshOnReconnectionAttemptStrategy: LOOK_FOR_PRIMARY_MS,
    RESP,
  });
  // Until it is closed it makes sockets whenever it needs one.
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
    // One that stands still takes new connections as ever: the others are asked who is primary now.
    if (error instanceof SocketTimeoutError) destroy();
  });
  try {
    await cluster.connect();
  } catch (error) {
    destroy();
    // The library's own only says that there is no node.
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
        // What is sent together is not redirected by the library, but it learns where a single command has to go.
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
