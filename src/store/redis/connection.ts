/**
 * The connection to a shared store, made on first use.
 *
 * Nothing waits here for a server that is away: a lost connection fails the commands on it, and the next
 * command makes a new one, RETRY_PAUSE_MS after a failed attempt. The caller bounds how long a server may
 * take to answer.
 */
import { errorText } from '../../errors/text.ts';
import type { Clock } from '../../time/clock.ts';
import {
  connectCluster,
  connectServer,
  type OnError,
  type RedisClient,
  type RedisCommand,
  type RedisSettings,
} from './client.ts';
import { locationName } from './location.ts';
import { connectPrimary } from './sentinel.ts';

/** A connection whose errors have messages that begin with the name of the store. */
export interface RedisConnection extends Pick<RedisClient, 'send' | 'keys'> {
  /**
   * Returns the lane of a key. Keys of one lane may be in one command: all keys, or those of one slot of a
   * Cluster.
   */
  laneOf(key: string): string;
  /** Closes it; open commands fail. */
  close(): Promise<void>;
}

/** Milliseconds between two attempts to connect. */
const RETRY_PAUSE_MS = 250;

export class LazyRedisConnection implements RedisConnection {
  readonly #settings: RedisSettings;
  readonly #name: string;
  /** Milliseconds on the monotonic clock. */
  readonly #uptime: Clock['uptime'];
  readonly #greet: (client: Pick<RedisClient, 'send'>) => Promise<void>;
  /** The attempt to connect, finished or not; and its result. */
  #opening: Promise<RedisClient> | undefined;
  #client: RedisClient | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  /** Why there is no connection, as far as reported. */
  #lastError: unknown;

  /** @param greet runs first on each new connection, which is closed if it fails */
  constructor(
    settings: RedisSettings,
    uptime: Clock['uptime'],
    greet: (client: Pick<RedisClient, 'send'>) => Promise<void> = async () => {},
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
        // This is no primary any more: the next command looks for the new one.
        if (isNoPrimary(error) && client.isOpen) client.destroy();
        if (!client.isOpen) this.#forget(client);
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
    const client = await this.#opening?.catch(() => undefined);
    if (client?.isOpen) client.destroy();
  }

  async #connected(): Promise<RedisClient> {
    const client = await (this.#opening ?? this.#open());
    if (client.isOpen) return client;
    // A connection that was closed while it was idle is not worth a failure.
    this.#forget(client);
    return this.#opening ?? this.#open();
  }

  /** Begins to connect, unless that has failed just now. */
  #open(): Promise<RedisClient> {
    if (this.#uptime() - this.#failedAt < RETRY_PAUSE_MS) return Promise.reject(this.#lastError);
    const opening = this.#connect();
    this.#opening = opening;
    opening.catch((error) => {
      this.#opening = undefined;
      this.#failedAt = this.#uptime();
      this.#lastError = error;
    });
    return opening;
  }

  async #connect(): Promise<RedisClient> {
    const client = await connect(this.#settings, (error) => {
      this.#lastError = error;
    });
    try {
      await this.#greet(client);
    } catch (error) {
      if (client.isOpen) client.destroy();
      throw error;
    }
    this.#client = client;
    return client;
  }

  /** Forgets the connection, if it is still the current one, so that the next command makes another. */
  #forget(client: RedisClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#opening = undefined;
  }

  /** Adds the store's name and, to an error that only says that there is no connection, the reason. */
  #described(error: unknown): Error {
    const isOffline = error instanceof Error && /^The client is (?:offline|closed)$/.test(error.message);
    const cause = isOffline && this.#lastError !== undefined ? this.#lastError : error;
    return new Error(`${this.#name}: ${reasonOf(cause)}`, { cause: error });
  }
}

/** Names the reason: several addresses of one name fail together, without a message of their own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  return errorText(error);
}

function isNoPrimary(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('READONLY');
}

async function connect(settings: RedisSettings, onError: OnError): Promise<RedisClient> {
  const { location } = settings;
  if (location.topology === 'cluster') return connectCluster(settings, location.hosts, onError);
  if (location.topology === 'sentinel') return connectPrimary(settings, location, onError);
  return connectServer(settings, location.host, location.database, onError);
}
