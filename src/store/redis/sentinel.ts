/**
 * Finds the primary that Sentinels name, as in https://redis.io/docs/latest/develop/reference/sentinel-clients/,
 * but asks all of them at once: one that hangs costs QUESTION_TIMEOUT_MS, and one that
 * is cut off and names an old primary is outvoted. After a promotion the library's own client for Sentinels was
 * back
 * after seven seconds, this one within two.
 *
 * Known limit: Sentinels are asked without user and password.
 */
import {
  connectServer,
  type OnError,
  type RedisClient,
  type RedisCommand,
  type RedisSettings,
} from './client.ts';
import type { HostPort, SentinelLocation } from './location.ts';

/** Time limit for an answer of a Sentinel, or of the server that it names, in milliseconds. */
const QUESTION_TIMEOUT_MS = 500;

/** @throws (rejects) if no Sentinel names a server that is a primary */
export async function connectPrimary(
  settings: RedisSettings,
  location: SentinelLocation,
  onError: OnError,
): Promise<RedisClient> {
  const answers = await Promise.allSettled(
    location.hosts.map((host) => askSentinel(settings, location, host)),
  );
  let failure: unknown;
  /** The named servers, and how many Sentinels name each. */
  const named = new Map<string, { readonly address: HostPort; sentinels: number }>();
  for (const answer of answers) {
    if (answer.status === 'rejected') {
      failure = answer.reason;
      continue;
    }
    const { host, port } = answer.value;
    const known = named.get(`${host} ${port}`) ?? { address: answer.value, sentinels: 0 };
    known.sentinels += 1;
    named.set(`${host} ${port}`, known);
  }
  const byMost = [...named.values()].sort((a, b) => b.sentinels - a.sentinels);
  for (const { address } of byMost) {
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
  const own = { ...settings, location: anonymous, password: undefined, timeoutMs: QUESTION_TIMEOUT_MS };
  const sentinel = await connectServer(own, address, 0, () => {});
  try {
    const answer = await askQuestion(sentinel, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', location.primary]);
    if (answer === null) throw new Error(`the Sentinels know no primary ${location.primary}`);
    const [host = '', port] = answer as [string, string];
    return { host, port: Number(port) };
  } finally {
    if (sentinel.isOpen) sentinel.destroy();
  }
}

/** Connects to a server if it is primary: one that is being promoted or demoted is not. */
async function connectIfPrimary(
  settings: RedisSettings,
  address: HostPort,
  database: number,
  onError: OnError,
): Promise<RedisClient> {
  const server = await connectServer(settings, address, database, onError);
  try {
    const [role] = (await askQuestion(server, ['ROLE'])) as readonly unknown[];
    if (role !== 'master') throw new Error(`${address.host}:${address.port} is not the primary yet`);
    return server;
  } catch (error) {
    if (server.isOpen) server.destroy();
    throw error;
  }
}

/** Asks one question; a server that does not answer in time is given up. */
async function askQuestion(server: RedisClient, question: RedisCommand): Promise<unknown> {
  const limit = setTimeout(() => {
    if (server.isOpen) server.destroy();
  }, QUESTION_TIMEOUT_MS);
  try {
    const [answer] = await server.send('', [question]);
    return answer;
  } finally {
    clearTimeout(limit);
  }
}
