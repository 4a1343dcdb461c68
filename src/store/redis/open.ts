/**
 * Opens a shared store, for the daemon and for programs beside it. Settings of the daemon that change its records,
 * and that the others need, are in the store itself, under PREFIX settings:
 *
 *   { "privacy": …, "secret": …, "delay": …, "retryWindow": …, "maxAge": …, "isInOneSlot": … }
 *
 * `isInOneSlot` is set by the first greyd with a profile, and stays: in a Cluster all records are in one slot then.
 *
 * `secret` tells greyd.secret of one host from that of another; all that share a store must have the same.
 */
import { createHmac } from 'node:crypto';
import { errorText } from '../../errors/text.ts';
import { hasSecret, keyedDigest, loadSecret, readSecret, secretPath } from '../../files/secret-file.ts';
import type { Key } from '../../greylist/keys.ts';
import type { ClientRecord, Lifetimes, TripletRecord } from '../../greylist/records.ts';
import type { Clock } from '../../time/clock.ts';
import type { RedisClient, RedisSettings } from './client.ts';
import { LazyRedisConnection, type RedisConnection } from './connection.ts';
import { RedisStore, type RedisStoreSettings } from './store.ts';

/** The settings of the command line. */
export interface SharedStoreSettings {
  readonly connection: RedisSettings;
  /** The prefix of all keys. */
  readonly prefix: string;
  /** How many replicas of the primary must acknowledge each write. */
  readonly replicas: number;
}

export interface SharedStoreParts {
  /** The directory of greyd.secret. */
  readonly dbdir: string;
  readonly lifetimes: Lifetimes;
  /** The hash of a key, of which its digest is made: `hashOf` in greylist/keys. */
  readonly hash: (key: Key) => string;
  /** `lifetimeOf` in greylist/records. */
  readonly lifetimeOf: (record: TripletRecord | ClientRecord, lifetimes: Lifetimes) => number;
  /** Milliseconds on the monotonic clock. */
  readonly uptime: Clock['uptime'];
}

/** The settings in the store. */
interface Note extends Lifetimes {
  readonly privacy: boolean;
  /** Empty without --privacy. */
  readonly secret: string;
  readonly isInOneSlot?: boolean;
}

/** The share of the caller's time that may be spent waiting for replicas. */
const REPLICAS_SHARE = 0.8;

/**
 * Opens the store of a daemon, which connects on first use.
 * @param report called if other hosts have used it with another --privacy
 */
export function openSharedStore(
  settings: SharedStoreSettings,
  parts: SharedStoreParts & {
    readonly privacy: boolean;
    /** Some recipient's profile is not postgrey's. */
    readonly hasProfiles: boolean;
    readonly report: (text: string) => void;
  },
): RedisStore {
  const { privacy, hasProfiles, lifetimes, dbdir, uptime, report } = parts;
  const isCluster = settings.connection.location.topology === 'cluster';
  let isInOneSlot = isCluster && hasProfiles;
  let told: string | undefined;
  const greet = async (connection: Pick<RedisClient, 'send'>) => {
    const key = noteKey(settings);
    const { delay, retryWindow, maxAge } = lifetimes;
    const secret = privacy ? markOf(loadSecret(secretPath(dbdir))) : '';
    const found = await readNote(connection, key);
    isInOneSlot ||= found?.isInOneSlot === true;
    const note: Note = {
      privacy,
      secret,
      delay,
      retryWindow,
      maxAge,
      ...(isInOneSlot ? { isInOneSlot } : {}),
    };
    const own = JSON.stringify(note);
    if (found?.privacy && privacy && found.secret !== secret) throw new Error(otherSecret(dbdir));
    if (found !== undefined && found.privacy !== privacy) {
      report(
        `the store was used ${found.privacy ? 'with' : 'without'} --privacy: known clients are greylisted again; use the same setting on all hosts`,
      );
    }
    if (found !== undefined && !hasSame(found, lifetimes)) {
      report(
        'the store was used with another --delay, --retry-window or --max-age: use the same values on all hosts',
      );
    }
    const eviction = await evictionOf(connection, key);
    if (eviction !== undefined && eviction !== told) report(eviction);
    told = eviction;
    if (JSON.stringify(found) !== own) await connection.send(key, [['SET', key, own]]);
  };
  const connection = new LazyRedisConnection(settings.connection, uptime, greet);
  return makeStore(
    connection,
    settings,
    parts,
    { privacy, lifetimes, isInOneSlot: () => isInOneSlot },
    loadSecret,
  );
}

/**
 * Opens the store for a program beside the daemons, with records as they have them.
 * @throws (rejects) if it cannot be reached, no daemon has used it yet, or they have another greyd.secret
 */
export async function openSharedRecords(
  settings: SharedStoreSettings,
  parts: Omit<SharedStoreParts, 'lifetimes'>,
): Promise<RedisStore> {
  const connection = new LazyRedisConnection(settings.connection, parts.uptime);
  try {
    const note = await readNote(connection, noteKey(settings));
    if (note === undefined) {
      throw new Error('no greyd has used this store yet: start greyd with it first');
    }
    const path = secretPath(parts.dbdir);
    if (note.privacy && !(hasSecret(path) && markOf(readSecret(path)) === note.secret)) {
      throw new Error(otherSecret(parts.dbdir));
    }
    // Only the daemon creates one: this program may run as root, in a directory that is not root's.
    return makeStore(
      connection,
      settings,
      parts,
      { privacy: note.privacy, lifetimes: note, isInOneSlot: () => note.isInOneSlot === true },
      readSecret,
    );
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/**
 * Checks a shared store that greyd uses.
 * @returns problems, a line each
 * @throws (rejects) if it cannot be reached, no daemon has used it yet, or they have another greyd.secret
 */
export async function inspectSharedStore(
  settings: SharedStoreSettings,
  parts: Omit<SharedStoreParts, 'lifetimes'>,
): Promise<string[]> {
  await (await openSharedRecords(settings, parts)).close();
  const connection = new LazyRedisConnection(settings.connection, parts.uptime);
  try {
    const eviction = await evictionOf(connection, noteKey(settings));
    return eviction === undefined ? [] : [eviction];
  } finally {
    await connection.close();
  }
}

function makeStore(
  connection: RedisConnection,
  { connection: { timeoutMs }, prefix, replicas }: SharedStoreSettings,
  { dbdir, hash, lifetimeOf }: Pick<SharedStoreParts, 'dbdir' | 'hash' | 'lifetimeOf'>,
  {
    privacy,
    lifetimes,
    isInOneSlot,
  }: Pick<RedisStoreSettings, 'privacy' | 'isInOneSlot'> & { readonly lifetimes: Lifetimes },
  secretIn: (path: string) => Buffer,
): RedisStore {
  let secret: Buffer | undefined;
  return new RedisStore(connection, {
    prefix,
    privacy,
    isInOneSlot,
    digest: (key) => {
      secret ??= secretIn(secretPath(dbdir));
      return keyedDigest(secret, hash(key));
    },
    lifetimeOf: (record) => lifetimeOf(record, lifetimes),
    replicas,
    replicasTimeoutMs: Math.floor(timeoutMs * REPLICAS_SHARE),
  });
}

/**
 * Checks whether the server evicts records when its memory is full.
 * @returns what to do about it; nothing if it does not, or does not tell
 */
async function evictionOf(connection: Pick<RedisClient, 'send'>, key: string): Promise<string | undefined> {
  let memory: unknown;
  try {
    [memory] = await connection.send(key, [['INFO', 'memory']]);
  } catch (error) {
    // A user of greyd's need not have the right to ask.
    if (/NOPERM|unknown command/i.test(errorText(error))) return undefined;
    throw error;
  }
  const [, policy = 'noeviction'] = /^maxmemory_policy:(\S+)/m.exec(String(memory)) ?? [];
  if (policy === 'noeviction') return undefined;
  return `the store has maxmemory-policy ${policy}: when its memory is full it drops records, and mail is greylisted again; set it to noeviction`;
}

function noteKey({ prefix }: SharedStoreSettings): string {
  return `${prefix}settings`;
}

function otherSecret(dbdir: string): string {
  return `the other hosts use another secret for --privacy: copy ${secretPath(dbdir)} from one of them, and restart greyd`;
}

function hasSame(note: Note, { delay, retryWindow, maxAge }: Lifetimes): boolean {
  return note.delay === delay && note.retryWindow === retryWindow && note.maxAge === maxAge;
}

/** Returns a mark that reveals nothing of the secret but whether it is the same. */
function markOf(secret: Buffer): string {
  return createHmac('sha256', secret).update('greyd').digest('hex').slice(0, 16);
}

/** @returns undefined if there are none that can be read */
async function readNote(connection: Pick<RedisClient, 'send'>, key: string): Promise<Note | undefined> {
  const [text] = await connection.send(key, [['GET', key]]);
  try {
    const note = JSON.parse(String(text)) as Partial<Note> | null;
    const numbers = [note?.delay, note?.retryWindow, note?.maxAge];
    const isWhole =
      typeof note?.privacy === 'boolean' &&
      typeof note.secret === 'string' &&
      numbers.every(Number.isSafeInteger);
    return isWhole ? (note as Note) : undefined;
  } catch {
    return undefined;
  }
}
