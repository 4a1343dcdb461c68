import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Key } from '../../../src/greylist/keys.ts';
import { parseRedisUrl } from '../../../src/options/store-url.ts';
import type { RedisSettings } from '../../../src/store/redis/client.ts';
import { LazyRedisConnection } from '../../../src/store/redis/connection.ts';
import { RedisStore, type RedisStoreSettings } from '../../../src/store/redis/store.ts';
import { Cluster, RedisServer, Sentinels } from '../../support/redis.ts';
import { canRun } from '../../support/requirements.ts';
import { CLIENT, put, read, storeContract, triplet } from '../contract.ts';

const canTest = canRun('shared stores', { programs: ['redis-server', 'redis-cli'] });

const LIFETIME = 1000;

const SETTINGS: RedisStoreSettings = {
  prefix: 'test:',
  privacy: false,
  digest: (key: Key) => createHash('sha256').update(JSON.stringify(key)).digest(),
  isInOneSlot: () => false,
  lifetimeOf: () => LIFETIME,
  replicas: 0,
  replicasTimeoutMs: 1000,
};

function connect(url: string, settings: Partial<RedisSettings> = {}): LazyRedisConnection {
  const own = { location: parseRedisUrl(url), password: undefined, ca: undefined, timeoutMs: 2000 };
  return new LazyRedisConnection({ ...own, ...settings }, () => performance.now());
}

interface More extends Partial<RedisStoreSettings> {
  readonly connection?: Partial<RedisSettings>;
}

function open(url: string, { connection, ...settings }: More = {}): RedisStore {
  const store = new RedisStore(connect(url, connection), { ...SETTINGS, ...settings });
  onTestFinished(() => store.close());
  return store;
}

describe.skipIf(!canTest)('the contract, over real servers', () => {
  const ends: (() => Promise<void>)[] = [];
  const atEnd = (end: () => Promise<void>) => void ends.push(end);
  const urls = { single: '', sentinels: '', cluster: '' };
  /** Each test has keys of its own. */
  let tests = 0;
  const own = (): { prefix: string } => {
    tests += 1;
    return { prefix: `test${tests}:` };
  };

  beforeAll(async () => {
    urls.single = (await RedisServer.start([], atEnd)).url;
    urls.sentinels = (await Sentinels.start(1, atEnd)).url;
    urls.cluster = (await Cluster.start(1, atEnd)).url;
  });

  afterAll(async () => {
    for (const end of ends) await end();
  });

  describe('one', () => storeContract(async () => open(urls.single, own())));
  describe('one, with private keys', () =>
    storeContract(async () => open(urls.single, { ...own(), privacy: true })));
  describe('a primary that Sentinels name, and its replica', () =>
    storeContract(async () => open(urls.sentinels, { ...own(), replicas: 1 })));
  describe('a Cluster', () => storeContract(async () => open(urls.cluster, own())));
  describe('a Cluster, with replicas and private keys', () =>
    storeContract(async () => open(urls.cluster, { ...own(), privacy: true, replicas: 1 })));
});

describe.skipIf(!canTest)('one server', () => {
  test('two stores never act on the same state of a record', async () => {
    const { url } = await RedisServer.start();
    const stores = [open(url), open(url), open(url)];
    const count = (store: RedisStore) =>
      store.update([triplet('t'), CLIENT], ([_, client]) => {
        const next = (client?.count ?? 0) + 1;
        return { save: [undefined, { count: next, last: 0 }], result: next };
      });
    const results = await Promise.all(
      Array.from({ length: 300 }, (_, index) => count(stores[index % 3] as RedisStore)),
    );
    expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  });

  test('an update that saves nothing is not done on what another one failed to save', async () => {
    const { url } = await RedisServer.start();
    const [one, other] = [open(url), open(url)];
    await put(one, CLIENT, { count: 1, last: 1 });
    // The first attempt of `saving` is lost to the other store; `looking` has seen what it wanted to save.
    let attempts = 0;
    const saving = one.update([CLIENT], ([client]) => {
      attempts += 1;
      return { save: [{ count: (client?.count ?? 0) + 10, last: 1 }], result: undefined };
    });
    const looking = one.update([CLIENT], ([client]) => ({ save: [undefined], result: client?.count }));
    const racing = put(other, CLIENT, { count: 5, last: 1 });
    await Promise.all([saving, racing]);
    const seen = await looking;
    expect(seen).toBe(attempts === 1 ? 11 : 15);
  });

  test('records leave by themselves when they have expired, a minute late', async () => {
    const server = await RedisServer.start();
    await put(open(server.url), CLIENT, { count: 1, last: 1 });
    const seconds = Number(server.cli('TTL', 'test:{192.0}c:192.0.2.1'));
    expect(seconds).toBeGreaterThan(LIFETIME);
    expect(seconds).toBeLessThanOrEqual(LIFETIME + 60);
  });

  test('what a server holds beside, and what is no record, is left alone', async () => {
    const server = await RedisServer.start();
    const store = open(server.url);
    server.cli('SET', 'test:{192.0}c:192.0.2.9', 'something');
    server.cli('SET', 'other:{192.0}c:192.0.2.8', '1 2');
    await put(store, CLIENT, { count: 1, last: 1 });
    const listed = [];
    for await (const entries of store.entries('client')) listed.push(...entries);
    expect(listed).toEqual([[CLIENT, { count: 1, last: 1 }]]);
  });

  test('user and password', async () => {
    const server = await RedisServer.start([
      '--user',
      'mx',
      'on',
      '>p@ss',
      '~*',
      '+@all',
      '--requirepass',
      'secret',
    ]);
    const { host } = new URL(server.url);
    await put(open(`redis://mx:p%40ss@${host}`), CLIENT, { count: 1, last: 1 });
    await put(open(`redis://:secret@${host}`), CLIENT, { count: 2, last: 1 });
    await put(open(server.url, { connection: { password: 'secret' } }), CLIENT, { count: 3, last: 1 });
    await expect(read(open(server.url), CLIENT)).rejects.toThrow(/^redis:\/\/127.0.0.1:\d+: NOAUTH/);
    const wrong = open(`redis://:no-secret@${host}`);
    await expect(read(wrong, CLIENT)).rejects.toThrow(/^redis:\/\/127.0.0.1:\d+: WRONGPASS/);
  });

  test('a user with the rights that docs/several-mx.md names', async () => {
    const [, rights = ''] =
      /a user\s+for greyd alone needs\s+`([^`]*)`/.exec(readFileSync('docs/several-mx.md', 'utf8')) ?? [];
    const user = ['--user', 'mx', 'on', '>secret', ...rights.replace('~greyd:', '~test:').split(' ')];
    const none = ['--user', 'default', 'off'];
    const own = (url: string) => url.replace('//', '//mx:secret@');
    const server = await RedisServer.start([...user, ...none]);
    const single = open(own(`${server.url}/1`));
    await put(single, triplet('t'), { first: 1, last: 1 });
    await single.check();
    const listed = [];
    for await (const entries of single.entries('triplet')) listed.push(...entries);
    expect(listed).toHaveLength(1);
    await expect(
      put(open(own(server.url), { prefix: 'other:' }), CLIENT, { count: 1, last: 1 }),
    ).rejects.toThrow(/NOPERM/);
  });

  test('a number of a database', async () => {
    const server = await RedisServer.start();
    await put(open(`${server.url}/3`), CLIENT, { count: 1, last: 1 });
    expect(server.cli('-n', '3', 'DBSIZE')).toBe('1');
  });
});

describe.skipIf(!canTest)('a server that cannot save', () => {
  const failure = (text: string) => new RegExp(`^redis://127\\.0\\.0\\.1:\\d+: ${text}`);

  test('is away, and restarts without its scripts', async () => {
    const server = await RedisServer.start();
    const store = open(server.url);
    await put(store, CLIENT, { count: 1, last: 1 });
    await server.kill();
    await expect(store.check()).rejects.toThrow(failure(''));
    await expect(put(store, CLIENT, { count: 2, last: 1 })).rejects.toThrow(failure('connect ECONNREFUSED'));
    await server.restart();
    await expect
      .poll(() => put(store, CLIENT, { count: 3, last: 1 }).then(() => 'saved', String))
      .toBe('saved');
    expect(await read(store, CLIENT)).toEqual([{ count: 3, last: 1 }]);
  });

  test('was restarted while nothing was under way, which is no failure', async () => {
    const server = await RedisServer.start();
    const store = open(server.url);
    await store.check();
    await server.kill();
    await server.restart();
    // The end of the connection has arrived.
    for (let turns = 0; turns < 10; turns += 1) await turn();
    await store.check();
  });

  test('holds something else under the keys of greyd, which is replaced', async () => {
    const server = await RedisServer.start();
    const store = open(server.url);
    server.cli('RPUSH', 'test:{192.0}c:192.0.2.1', 'a list');
    const name = 'test:{192.0}t:192.0.2.0 t@example.net bob@example.org';
    execFileSync('redis-cli', ['-p', String(server.port), '-x', 'SET', name], {
      input: '\xff\xfe',
      stdio: 'pipe',
    });
    expect(await read(store, CLIENT, triplet('t'))).toEqual([undefined, undefined]);
    await put(store, CLIENT, { count: 1, last: 1 });
    await put(store, triplet('t'), { first: 1, last: 1 });
    expect(await read(store, CLIENT, triplet('t'))).toEqual([
      { count: 1, last: 1 },
      { first: 1, last: 1 },
    ]);
  });

  test('speaks another protocol', async () => {
    const server = createServer((socket) => void socket.on('data', () => socket.write('+OK\r\n'))).listen(0);
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const store = open(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await expect(put(store, CLIENT, { count: 1, last: 1 })).rejects.toThrow(
      'does not speak the Redis protocol',
    );
  });

  test('has become a replica', async () => {
    const server = await RedisServer.start();
    const store = open(server.url);
    await store.check();
    server.cli('REPLICAOF', '127.0.0.1', '1');
    await expect(store.check()).rejects.toThrow(failure('READONLY'));
    await expect(put(store, CLIENT, { count: 1, last: 1 })).rejects.toThrow(
      failure('.*READONLY|.*read only'),
    );
    server.cli('REPLICAOF', 'NO', 'ONE');
    await expect.poll(() => store.check().then(() => 'saved', String)).toBe('saved');
  });

  test('has no memory left', async () => {
    const server = await RedisServer.start(['--maxmemory-policy', 'noeviction']);
    const store = open(server.url);
    await put(store, CLIENT, { count: 1, last: 1 });
    server.cli('CONFIG', 'SET', 'maxmemory', '1');
    await expect(put(store, CLIENT, { count: 2, last: 1 })).rejects.toThrow(failure('.*OOM'));
    await expect(store.check()).rejects.toThrow(failure('.*OOM'));
    expect(await read(store, CLIENT)).toEqual([{ count: 1, last: 1 }]);
  });

  test('has too few replicas', async () => {
    const server = await RedisServer.start();
    const store = open(server.url, { replicas: 1, replicasTimeoutMs: 50 });
    await expect(put(store, CLIENT, { count: 1, last: 1 })).rejects.toThrow(
      '0 of 1 replicas have acknowledged the write',
    );
    await expect(store.check()).rejects.toThrow('0 of 1 replicas have acknowledged the write');
  });
});
