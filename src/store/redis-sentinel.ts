/**
 * The primary that Sentinels name, as https://redis.io/docs/latest/develop/reference/sentinel-clients/ has
 * it, but that all of them are asked at once: one that stands still, or is cut off and names a primary of
 * the past, holds nothing up. The library's own client for Sentinels came back seven seconds after a
 * promotion, this one within two.
 *
 * Known limit: Sentinels are asked without user and password.
 */
import { connectServer, type OnError, type RedisClient, type RedisSettings } from './redis-client.ts';
import type { HostPort, SentinelLocation } from './redis-url.ts';

/** How long a Sentinel has to answer, in milliseconds. */
const SENTINEL_TIMEOUT_MS = 500;

/** @throws (rejects) if no Sentinel names a server that is a primary */
export async function connectPrimary(
  settings: RedisSettings,
  location: SentinelLocation,
  onError: OnError,
): Promise<RedisClient> {
  const answers = await Promise.allSettled(
    location.hosts.map((host) => askSentinel(settings, location, host)),
  );
  const named = new Map<string, HostPort>();
  let failure: unknown;
  for (const answer of answers) {
    if (answer.status === 'fulfilled') named.set(`${answer.value.host} ${answer.value.port}`, answer.value);
    else failure = answer.reason;
  }
  for (const address of named.values()) {
    try {
      return await connectIfPrimary(settings, address, location.database, onError);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function askSentinel(
  settings: RedisSettings,
  location: SentinelLocation,
  address: HostPort,
): Promise<HostPort> {
  const anonymous = { ...location, user: undefined, password: undefined };
  const own = { ...settings, location: anonymous, password: undefined, timeoutMs: SENTINEL_TIMEOUT_MS };
  const sentinel = await connectServer(own, address, 0, () => {});
  try {
    const question = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', location.primary];
    const [answer] = await sentinel.send('', [question]);
    if (answer === null) throw new Error(`the Sentinels know of no primary ${location.primary}`);
    const [host = '', port] = answer as [string, string];
    return { host, port: Number(port) };
  } finally {
    if (sentinel.isOpen) sentinel.destroy();
  }
}

/** One that was promoted a moment ago, or was the primary until then, is none. */
async function connectIfPrimary(
  settings: RedisSettings,
  address: HostPort,
  database: number,
  onError: OnError,
): Promise<RedisClient> {
  const server = await connectServer(settings, address, database, onError);
  try {
    const [role] = (await server.send('', [['ROLE']])) as [readonly unknown[]];
    if (role[0] !== 'master') throw new Error(`${address.host}:${address.port} is not the primary yet`);
    return server;
  } catch (error) {
    if (server.isOpen) server.destroy();
    throw error;
  }
}
