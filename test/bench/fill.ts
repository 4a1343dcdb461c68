/**
 * Databases with records in them: the first so many triplets of the traffic, all of which have passed, those
 * of `recent` a minute ago and the others yesterday, and its clients of the auto-whitelist.
 *
 * greyd's are filled by greyd's own stores, in the order of the numbers, which is a random one to the
 * database. postgrey's gets the same records in the same order by db_load(1), sqlgrey's by SQL.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { maskedSender } from '../../src/address/masked-sender.ts';
import { hashOf, type Key, type PlainKey, poolKey, postgreyKey } from '../../src/greylist/keys.ts';
import { type ClientRecord, lifetimeOf, type TripletRecord } from '../../src/greylist/records.ts';
import { openSharedStore } from '../../src/store/redis/open.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import type { Store } from '../../src/store/store.ts';
import { CONTENDERS, handOver, type Name, Running } from './contenders.ts';
import { Redis } from './redis.ts';
import { type Mail, RECENT_TRIPLETS, tripletMail, WHITELISTED_CLIENTS, whitelistedMail } from './traffic.ts';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/** Records that go to a database at a time. */
const CHUNK = 10_000;
/** Successes of a client: more than any program asks for. */
const SUCCESSES = 10;

export interface Content {
  readonly triplets: number;
  /** How many of them, the last ones, have not been seen for so long that they are to be deleted. */
  readonly expired: number;
}

type Progress = (done: number) => void;

/**
 * Fills the new database of a program.
 * @param progress told now and then how many triplets are there
 * @returns how many bytes all of it takes, on disk or in the memory of a server
 */
export async function fill(name: Name, dbdir: string, content: Content, progress: Progress): Promise<number> {
  if (name === 'greyd-redis') return fillRedis(dbdir, content, progress);
  if (name === 'greyd' || name === 'greyd-metrics' || name === 'greyd-smart') {
    const store = openSqliteStore(dbdir, { privacy: undefined, hash });
    await fillStore(store, content, progress, name === 'greyd-smart');
  }
  if (name === 'postgrey') await fillPostgrey(dbdir, content, progress);
  if (name === 'sqlgrey') await fillSqlgrey(dbdir, content, progress);
  return sizeOf(CONTENDERS[name].files.map((file) => join(dbdir, file)));
}

/** What every program is to know of a triplet, or of a client of the auto-whitelist. Unix seconds. */
interface Seen {
  readonly mail: Mail;
  readonly first: number;
  readonly last: number;
}

function seen(mail: Mail, secondsAgo: number): Seen {
  const last = Math.floor(Date.now() / 1000) - secondsAgo;
  return { mail, first: last - DAY, last };
}

function* triplets({ triplets, expired }: Content): Generator<readonly Seen[], void> {
  const secondsAgo = (number: number) => {
    if (number >= triplets - expired) return 100 * DAY;
    return number < RECENT_TRIPLETS ? MINUTE : DAY;
  };
  for (let from = 0; from < triplets; from += CHUNK) {
    const length = Math.min(CHUNK, triplets - from);
    yield Array.from({ length }, (_, index) => seen(tripletMail(from + index), secondsAgo(from + index)));
  }
}

function clients(): readonly Seen[] {
  return Array.from({ length: WHITELISTED_CLIENTS }, (_, number) => seen(whitelistedMail(number), DAY));
}

const tripletKeyOf = ({ mail }: Seen): PlainKey => ({ kind: 'triplet', ...mail });
const poolKeyOf = ({ mail: { clientDomain, sender, recipient } }: Seen): PlainKey =>
  poolKey(clientDomain, maskedSender(sender), recipient);
const clientKeyOf = ({ mail }: Seen): PlainKey => ({ kind: 'client', clientAddress: mail.clientAddress });

const hash = (key: Key) => hashOf(key, false);

async function fillRedis(dir: string, content: Content, progress: Progress): Promise<number> {
  const redis = await Redis.start(dir);
  const empty = await redis.usedMemory();
  const store = openSharedStore(redis.settings, {
    dbdir: dir,
    privacy: false,
    hasProfiles: false,
    lifetimes: { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY },
    hash,
    lifetimeOf,
    uptime: () => performance.now(),
    report: () => {},
  });
  await fillStore(store, content, progress);
  const bytes = (await redis.usedMemory()) - empty;
  await redis.stop();
  return bytes;
}

async function fillStore(
  store: Store,
  content: Content,
  progress: Progress,
  hasPools = false,
): Promise<void> {
  const save = (key: PlainKey, record: TripletRecord | ClientRecord) =>
    store.update([key], () => ({ save: [record], result: undefined }));
  let done = 0;
  for (const chunk of triplets(content)) {
    await Promise.all(chunk.map((one) => save(tripletKeyOf(one), { first: one.first, last: one.last })));
    if (hasPools)
      await Promise.all(chunk.map((one) => save(poolKeyOf(one), { first: one.first, last: one.last })));
    done += chunk.length;
    progress(done);
  }
  await Promise.all(clients().map((one) => save(clientKeyOf(one), { count: SUCCESSES, last: one.last })));
  await store.close();
}

/** Backslashes and control characters do not occur in the keys, so that they need no escapes. */
async function fillPostgrey(dbdir: string, content: Content, progress: Progress): Promise<void> {
  const [main, ofClients] = [join(dbdir, 'postgrey.db'), join(dbdir, 'postgrey_clients.db')];
  const loading = startLoading(main);
  let done = 0;
  for (const chunk of triplets(content)) {
    const lines = chunk.map((one) => `${postgreyKey(tripletKeyOf(one), false)}\n${one.first},${one.last}\n`);
    if (!loading.stdin.write(lines.join(''))) await once(loading.stdin, 'drain');
    done += chunk.length;
    progress(done);
  }
  await finishLoading(loading);
  const loadingClients = startLoading(ofClients);
  for (const one of clients()) {
    loadingClients.stdin.write(`${postgreyKey(clientKeyOf(one), false)}\n${SUCCESSES},${one.last}\n`);
  }
  await finishLoading(loadingClients);
  handOver('postgrey', main, ofClients);
}

function startLoading(path: string): ChildProcessWithoutNullStreams {
  const loading = spawn('db_load', ['-T', '-t', 'btree', path]);
  // That it has ended early is seen at its end.
  loading.stdin.on('error', () => {});
  return loading;
}

async function finishLoading(loading: ChildProcessWithoutNullStreams): Promise<void> {
  loading.stdin.end();
  const [status] = await once(loading, 'close');
  if (status !== 0) throw new Error(`db_load ended with status ${status}`);
}

async function fillSqlgrey(dbdir: string, content: Content, progress: Progress): Promise<void> {
  // It makes its own tables.
  const program = await Running.start('sqlgrey', dbdir);
  await program.stop();
  const file = new Database(join(dbdir, 'sqlgrey.db'));
  file.pragma('synchronous = OFF');
  const times = `datetime(?, 'unixepoch'), datetime(?, 'unixepoch')`;
  const addMail = file.prepare(`INSERT INTO from_awl VALUES (?, ?, ?, ${times})`);
  const addClient = file.prepare(`INSERT INTO domain_awl VALUES (?, ?, ${times})`);
  const parts = ({ sender, clientNetwork }: Mail) => {
    const [user, domain] = sender.split('@');
    return { user, domain, src: clientNetwork.replace(/\.0$/, '') };
  };
  const addAll = file.transaction((chunk: readonly Seen[]) => {
    for (const { mail, first, last } of chunk) {
      const { user, domain, src } = parts(mail);
      addMail.run(user, domain, src, first, last);
    }
  });
  let done = 0;
  for (const chunk of triplets(content)) {
    addAll(chunk);
    done += chunk.length;
    progress(done);
  }
  for (const { mail, first, last } of clients()) {
    const { domain, src } = parts(mail);
    addClient.run(domain, src, first, last);
  }
  file.close();
}

function sizeOf(paths: readonly string[]): number {
  const sizes = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}
