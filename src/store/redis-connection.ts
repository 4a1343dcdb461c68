/**
 * The connection to a shared store, made when it is used.
 *
 * Nothing waits here for a server that is away: a lost connection fails what was sent on it, and the next
 * command makes a new one, RETRY_PAUSE_MS after an attempt that failed. How long a server may take to answer
 * is for the caller to bound.
 */
import { connectRedis, type RedisClient, type RedisCommand, type RedisSettings } from './redis-client.ts';
import { locationName } from './redis-url.ts';

/** What fails, fails with a {SharedStoreError}. */
export interface RedisConnection extends Pick<RedisClient, 'send' | 'keys' | 'close'> {
  /** Keys of one lane may stand in one command: all of them, or those of one slot of a Cluster. */
  laneOf(key: string): string;
}

/** Its message begins with the name of the store. */
export class SharedStoreError extends Error {
  override readonly name = 'SharedStoreError';
}

/** From one attempt to connect to the next, in milliseconds. */
const RETRY_PAUSE_MS = 250;

export class LazyRedisConnection implements RedisConnection {
  readonly #settings: RedisSettings;
  readonly #name: string;
  /** Milliseconds, on a clock that nobody sets. */
  readonly #uptime: () => number;
  readonly #greet: (client: Pick<RedisClient, 'send'>) => Promise<void>;
  #client: Promise<RedisClient> | undefined;
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

  async #connected(): Promise<RedisClient> {
    const opening = this.#client ?? this.#open();
    const client = await opening;
    // One that was closed while nothing was under way is not worth a failure.
    if (client.isOpen || this.#client !== opening) return client;
    return this.#open();
  }

  /** Begins to connect, unless that has failed just now. */
  #open(): Promise<RedisClient> {
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

  async #connect(): Promise<RedisClient> {
    const client = await connectRedis(this.#settings, (error) => {
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
  #letGo(client: RedisClient, error: unknown): void {
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
