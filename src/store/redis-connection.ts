/**
 * The connection to a shared store, made when it is used.
 *
 * Nothing waits here for a server that is away: a lost connection fails what was sent on it, and the next
 * command makes a new one, RETRY_PAUSE_MS after an attempt that failed. How long a server may take to answer
 * is for the caller to bound.
 */
import {
  connectCluster,
  connectServer,
  type OnError,
  type RedisClient,
  type RedisCommand,
  type RedisSettings,
} from './redis-client.ts';
import { connectPrimary } from './redis-sentinel.ts';
import { locationName } from './redis-url.ts';

/** What fails, fails with an error whose message begins with the name of the store. */
export interface RedisConnection extends Pick<RedisClient, 'send' | 'keys'> {
  /** Keys of one lane may stand in one command: all of them, or those of one slot of a Cluster. */
  laneOf(key: string): string;
  /** Closes it; what is under way fails. */
  close(): Promise<void>;
}

/** From one attempt to connect to the next, in milliseconds. */
const RETRY_PAUSE_MS = 250;

export class LazyRedisConnection implements RedisConnection {
  readonly #settings: RedisSettings;
  readonly #name: string;
  /** Milliseconds, on a clock that nobody sets. */
  readonly #uptime: () => number;
  readonly #greet: (client: Pick<RedisClient, 'send'>) => Promise<void>;
  /** The attempt to connect, done or under way; and what came of it. */
  #opening: Promise<RedisClient> | undefined;
  #client: RedisClient | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  /** Why there is no connection, as far as that was told. */
  #lastError: unknown;

  /** @param greet is done first on each new connection, which is given up if it fails */
  constructor(
    settings: RedisSettings,
    uptime: () => number,
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
        // The primary of the past: the next command looks for that of now.
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
    // It was closed while nothing was under way, which is not worth a failure.
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

  /** So that the next command makes another connection, if it is not there yet. */
  #forget(client: RedisClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#opening = undefined;
  }

  /** With the store's name; and of an error that only says that there is no connection, why. */
  #described(error: unknown): Error {
    const isOffline = error instanceof Error && /^The client is (?:offline|closed)$/.test(error.message);
    const cause = isOffline && this.#lastError !== undefined ? this.#lastError : error;
    return new Error(`${this.#name}: ${reasonOf(cause)}`, { cause: error });
  }
}

/** Several addresses of one name fail together, without a message of their own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
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
