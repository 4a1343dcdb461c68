import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hashOf } from '../../../src/greylist/keys.ts';
import { openSqliteFile } from '../../../src/store/sqlite/open.ts';
import { MIGRATIONS } from '../../../src/store/sqlite/schema.ts';
import { openSqliteStore, type SqliteSettings, type SqliteStore } from '../../../src/store/sqlite/store.ts';
import { SLICE_ROWS } from '../../../src/store/sqlite/table.ts';
import { temporaryDirectory } from '../../support/daemon.ts';
import { canRun } from '../../support/requirements.ts';
import { CLIENT, cleanableStoreContract, put, read, triplet } from '../contract.ts';

const hash: SqliteSettings['hash'] = (key) => hashOf(key, false);
const NOBODY = 65534;

const PLAIN: SqliteSettings = { privacy: false, hash };
const PRIVATE: SqliteSettings = { privacy: true, hash };

function open(dbdir = temporaryDirectory(), settings = PLAIN): SqliteStore {
  const store = openSqliteStore(dbdir, settings);
  onTestFinished(() => store.close());
  return store;
}

/** A second process's view of the file. */
function openDirectly(dbdir: string): Database.Database {
  const database = new Database(join(dbdir, 'greyd.db'));
  onTestFinished(() => void database.close());
  return database;
}

/** Has another process lock the database; settles when it does. It lets go after `ms`. */
async function holdLock(dbdir: string, ms: number): Promise<void> {
  const program = `
    const file = new (require('better-sqlite3'))(${JSON.stringify(join(dbdir, 'greyd.db'))});
    file.exec('BEGIN IMMEDIATE');
    console.log('locked');
    setTimeout(() => file.exec('COMMIT'), ${ms});`;
  const holder = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill());
  await once(holder.stdout, 'data');
}

/** All that stands in the database and its side files. */
function bytesOf(dbdir: string): string {
  return readdirSync(dbdir)
    .map((name) => readFileSync(join(dbdir, name), 'latin1'))
    .join('');
}

describe('with plain keys', () => cleanableStoreContract(async () => open()));
describe('with private keys', () => cleanableStoreContract(async () => open(undefined, PRIVATE)));

describe('the file', () => {
  test('is for its owner alone', () => {
    const dbdir = temporaryDirectory();
    open(dbdir);
    expect(statSync(join(dbdir, 'greyd.db')).mode & 0o777).toBe(0o600);
  });

  test('is opened in WAL mode, and what is done then waits for the disk', () => {
    const file = openSqliteFile(join(temporaryDirectory(), 'greyd.db'), (file) => file);
    onTestFinished(() => void file.close());
    const FULL = 2;
    expect(file.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(file.pragma('synchronous', { simple: true })).toBe(FULL);
  });

  test.each([
    ['in half', (log: string) => truncateSync(log, statSync(log).size / 2)],
    ['within its header', (log: string) => truncateSync(log, 16)],
  ])('whose log was cut %s between two updates cannot be used any more', async (_, cut) => {
    const dbdir = temporaryDirectory();
    const store = open(dbdir);
    for (let number = 0; number < 20; number += 1)
      await put(store, triplet(`before${number}`), { first: 1, last: 1 });
    cut(join(dbdir, 'greyd.db-wal'));
    for (const name of ['a', 'b'])
      await expect(put(store, triplet(name), { first: 1, last: 1 })).rejects.toThrow(
        'was cut or overwritten',
      );
  });

  test('can be read with the sqlite3 shell, in columns', async () => {
    const dbdir = temporaryDirectory();
    const store = open(dbdir);
    await put(store, triplet('alice'), { first: 1_700_000_000, last: 1_700_000_300 });
    await put(store, CLIENT, { count: 5, last: 1_700_000_000 });
    const database = openDirectly(dbdir);
    expect(database.prepare('SELECT * FROM triplets').all()).toEqual([
      {
        client_network: '192.0.2.0',
        sender: 'alice@example.net',
        recipient: 'bob@example.org',
        first_seen: 1_700_000_000,
        last_seen: 1_700_000_300,
      },
    ]);
    expect(database.prepare('SELECT * FROM clients').all()).toEqual([
      { client_address: '192.0.2.1', count: 5, last_seen: 1_700_000_000 },
    ]);
  });

  test('keeps its records when it is opened again', async () => {
    const dbdir = temporaryDirectory();
    const store = openSqliteStore(dbdir, PLAIN);
    await put(store, triplet('a'), { first: 1, last: 2 });
    await store.close();
    expect(await read(open(dbdir), triplet('a'))).toEqual([{ first: 1, last: 2 }]);
  });

  test('has in itself, once it is open, what stood only in its log', async () => {
    const dbdir = temporaryDirectory();
    await put(open(dbdir), triplet('a'), { first: 1, last: 2 });
    const crashed = temporaryDirectory();
    for (const name of ['greyd.db', 'greyd.db-wal']) copyFileSync(join(dbdir, name), join(crashed, name));
    open(crashed);
    const withoutLog = temporaryDirectory();
    copyFileSync(join(crashed, 'greyd.db'), join(withoutLog, 'greyd.db'));
    expect(await read(open(withoutLog), triplet('a'))).toEqual([{ first: 1, last: 2 }]);
  });

  test('is opened and written to without a wait while a backup reads it', async () => {
    const dbdir = temporaryDirectory();
    const crashed = open(dbdir);
    await put(crashed, triplet('a'), { first: 1, last: 2 });
    const reader = openDirectly(dbdir);
    reader.exec('BEGIN; SELECT * FROM triplets');
    await put(crashed, triplet('b'), { first: 1, last: 2 });
    const begin = performance.now();
    await put(open(dbdir), triplet('c'), { first: 1, last: 2 });
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  test('has a schema version; one from the future is refused', async () => {
    const dbdir = temporaryDirectory();
    await openSqliteStore(dbdir, PLAIN).close();
    const database = openDirectly(dbdir);
    expect(database.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    database.pragma('user_version = 99');
    expect(() => openSqliteStore(dbdir, PLAIN)).toThrow(
      `cannot open the database ${dbdir}/greyd.db: it has schema version 99, this greyd knows ${MIGRATIONS.length}: use the greyd that wrote it, or another --dbdir`,
    );
  });

  test.skipIf(!canRun('an account without rights', { root: true, programs: ['setpriv'] }))(
    'that may not be used says who may not, whose it is, and what to do',
    () => {
      const above = temporaryDirectory();
      const dbdir = join(above, 'db');
      const path = join(dbdir, 'greyd.db');
      chmodSync(above, 0o755);
      mkdirSync(dbdir);
      writeFileSync(path, '');
      const program = `
        import { openSqliteFile } from ${JSON.stringify(join(process.cwd(), 'dist/store/sqlite/open.js'))};
        try { openSqliteFile(${JSON.stringify(path)}, () => {}); } catch (error) { console.log(error.message); }`;
      const asNobody = () =>
        execFileSync(
          'setpriv',
          ['--reuid=65534', '--clear-groups', process.execPath, '--input-type=module', '--eval', program],
          { encoding: 'utf8', cwd: '/' },
        );
      const ownFolder = 'give greyd a directory of its own, see --dbdir';
      const mayNot = (what: string, where: string, mode: string, advice = ownFolder) =>
        new RegExp(
          `: account nobody may not ${what} ${where}, which belongs to \\w+ and has mode ${mode}: ${advice}\n$`,
        );
      chmodSync(dbdir, 0o777);
      chmodSync(path, 0o640);
      expect(asNobody()).toMatch(mayNot('read and write', path, '640', `chown nobody: ${path}`));
      chmodSync(path, 0o666);
      chmodSync(dbdir, 0o755);
      expect(asNobody()).toMatch(mayNot('create files in', dbdir, '755'));
      chownSync(dbdir, NOBODY, NOBODY);
      chmodSync(dbdir, 0o500);
      expect(asNobody()).toMatch(mayNot('create files in', dbdir, '500', `chmod u\\+rwx ${dbdir}`));
      chmodSync(above, 0o700);
      expect(asNobody()).toMatch(mayNot('enter', above, '700'));
    },
  );

  test('that is no database is refused', () => {
    const dbdir = temporaryDirectory();
    execFileSync('sh', ['-c', 'printf "%0200d" 0 > "$0/greyd.db"', dbdir]);
    expect(() => openSqliteStore(dbdir, PLAIN)).toThrow('file is not a database');
    expect(readFileSync(join(dbdir, 'greyd.db'), 'latin1')).toBe('0'.repeat(200));
  });
});

test('a secret that is lost is told once; a new database and one in plain keys have none to lose', async () => {
  const dbdir = temporaryDirectory();
  const told: string[] = [];
  const reporting = { ...PRIVATE, report: (text: string) => void told.push(text) };
  await put(open(dbdir), CLIENT, { count: 5, last: 1 });
  await openSqliteStore(dbdir, reporting).close();
  expect(told).toEqual([]);
  rmSync(join(dbdir, 'greyd.secret'));
  for (let times = 0; times < 2; times += 1) await openSqliteStore(dbdir, reporting).close();
  expect(told).toEqual([
    `${dbdir}/greyd.secret was lost, and a new one created: known clients are greylisted again`,
  ]);
});

describe('group commit', () => {
  test('all updates of one turn are one transaction', async () => {
    const dbdir = temporaryDirectory();
    const store = open(dbdir);
    const observer = openDirectly(dbdir);
    const version = () => observer.pragma('data_version', { simple: true });
    const count = () => observer.prepare('SELECT count(*) FROM triplets').pluck().get();
    const before = version();
    let commits = 0;
    const updates = Array.from({ length: 50 }, async (_, number) => {
      await put(store, triplet(`n${number}`), { first: 1, last: 1 });
      if (number === 0) {
        commits = Number(version()) - Number(before);
        // The first to be told finds the records of all the others on disk already.
        expect(count()).toBe(50);
      }
    });
    await Promise.all(updates);
    expect(commits).toBe(1);
    expect(version()).toBe(Number(before) + 1);
  });

  test('waits for a lock of another process, and goes on', async () => {
    const dbdir = temporaryDirectory();
    const store = open(dbdir);
    await holdLock(dbdir, 200);
    await put(store, CLIENT, { count: 1, last: 1 });
    await holdLock(dbdir, 200);
    const rule = { triplet: () => true, client: () => true };
    expect(await store.clean('client', rule).next()).toMatchObject({ value: { examined: 1, deleted: 1 } });
  });

  test('gives up when the lock is not released in time, and works again after it', async () => {
    const dbdir = temporaryDirectory();
    const store = open(dbdir, { ...PLAIN, busyTimeoutMs: 50 });
    const other = openDirectly(dbdir);
    other.exec('BEGIN IMMEDIATE');
    await expect(put(store, CLIENT, { count: 1, last: 1 })).rejects.toThrow('database is locked');
    other.exec('ROLLBACK');
    await put(store, CLIENT, { count: 2, last: 2 });
    expect(await read(store, CLIENT)).toEqual([{ count: 2, last: 2 }]);
  });

  test.each(['greyd.db', 'greyd.db-wal', 'greyd.db-shm'])('fails when %s was removed', async (name) => {
    const dbdir = temporaryDirectory();
    const store = open(dbdir);
    await put(store, CLIENT, { count: 1, last: 1 });
    rmSync(join(dbdir, name));
    await expect(put(store, CLIENT, { count: 2, last: 2 })).rejects.toThrow(
      `${name} was removed or replaced`,
    );
  });

  test('an error of the database fails the whole group and saves nothing', async () => {
    const dbdir = temporaryDirectory();
    const store = open(dbdir);
    openDirectly(dbdir).exec(
      "CREATE TRIGGER broken BEFORE INSERT ON triplets WHEN new.sender = 'b@example.net' BEGIN SELECT RAISE(ABORT, 'disk trouble'); END",
    );
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((name) => put(store, triplet(name), { first: 1, last: 1 })),
    );
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await read(store, triplet('a'), triplet('b'), triplet('c'))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

test('the log is copied into the database again and again, and begins anew', async () => {
  const dbdir = temporaryDirectory();
  const store = open(dbdir);
  const megabytes = (name: string) => statSync(join(dbdir, name)).size / 1024 / 1024;
  let most = 0;
  for (let number = 0; number < 5000; number += 1) {
    await put(store, triplet(`n${number}`), { first: 1, last: 1 });
    most = Math.max(most, megabytes('greyd.db-wal'));
  }
  // About 9 kilobytes for each of these commits, 45 megabytes in all; a busy machine copies late.
  expect(most).toBeLessThan(20);
  expect(megabytes('greyd.db')).toBeGreaterThan(0.1);
});

test('a check is a commit that saves something', async () => {
  const dbdir = temporaryDirectory();
  const store = open(dbdir);
  const observer = openDirectly(dbdir);
  const version = () => observer.pragma('data_version', { simple: true });
  const before = version();
  await read(store, triplet('a'));
  expect(version()).toBe(before);
  await store.check();
  expect(version()).not.toBe(before);
});

test.each([false, true])('counts its records, with privacy: %s', async (privacy) => {
  const store = open(temporaryDirectory(), { privacy, hash });
  expect(store.counts()).toEqual({ triplet: 0, client: 0 });
  await put(store, triplet('a'), { first: 1, last: 1 });
  await put(store, triplet('a'), { first: 1, last: 2 });
  await put(store, triplet('b'), { first: 1, last: 1 });
  await put(store, CLIENT, { count: 1, last: 1 });
  expect(store.counts()).toEqual({ triplet: 2, client: 1 });
  for await (const _ of store.clean('triplet', { triplet: ({ last }) => last === 1, client: () => true }));
  expect(store.counts()).toEqual({ triplet: 1, client: 1 });
});

test('cleaning looks at a bounded number of records at a time', async () => {
  const store = open();
  const keys = Array.from({ length: 3 * SLICE_ROWS }, (_, number) => triplet(`n${number}`));
  await store.update(keys, () => ({ save: keys.map(() => ({ first: 1, last: 1 })), result: undefined }));
  const examined: number[] = [];
  for await (const slice of store.clean('triplet', { triplet: () => true, client: () => true }))
    examined.push(slice.examined);
  expect(Math.max(...examined)).toBe(SLICE_ROWS);
  expect(examined.reduce((sum, count) => sum + count)).toBe(3 * SLICE_ROWS);
});

describe('switching --privacy on', () => {
  test('moves plain records to their digests and leaves no address in the file', async () => {
    const dbdir = temporaryDirectory();
    const plain = openSqliteStore(dbdir, PLAIN);
    await put(plain, triplet('alice'), { first: 10, last: 20 });
    await put(plain, CLIENT, { count: 3, last: 30 });
    await plain.close();

    expect(bytesOf(dbdir)).toContain('alice@example.net');
    const hidden = open(dbdir, PRIVATE);
    expect(await read(hidden, triplet('alice'), CLIENT)).toEqual([
      { first: 10, last: 20 },
      { count: 3, last: 30 },
    ]);
    expect(bytesOf(dbdir)).not.toMatch(/alice|example|192\.0\.2/);
  });

  test('keeps the earlier and the later time where both are known', async () => {
    const dbdir = temporaryDirectory();
    const hidden = openSqliteStore(dbdir, PRIVATE);
    await put(hidden, triplet('a'), { first: 10, last: 20 });
    await put(hidden, CLIENT, { count: 7, last: 20 });
    await hidden.close();
    const plain = openSqliteStore(dbdir, PLAIN);
    await put(plain, triplet('a'), { first: 5, last: 15 });
    await put(plain, CLIENT, { count: 2, last: 40 });
    await plain.close();
    expect(await read(open(dbdir, PRIVATE), triplet('a'), CLIENT)).toEqual([
      { first: 5, last: 20 },
      { count: 7, last: 40 },
    ]);
  });
});

describe('what a program that does not see the options of the daemon finds', () => {
  const AS_BEFORE: SqliteSettings = { privacy: undefined, hash };

  test('whether --privacy is in use', async () => {
    const dbdir = temporaryDirectory();
    const found = [];
    for (const settings of [AS_BEFORE, PLAIN, AS_BEFORE, PRIVATE, AS_BEFORE, PLAIN, AS_BEFORE]) {
      const store = openSqliteStore(dbdir, settings);
      found.push(store.privacy);
      await store.close();
    }
    expect(found).toEqual([undefined, false, false, true, true, false, false]);
  });

  test('a hashed key is the same record as the plain one under --privacy, and another one without', async () => {
    const dbdir = temporaryDirectory();
    const hashed = { kind: 'triplet', sha1: hash(triplet('a')) } as const;
    const before = open(dbdir, AS_BEFORE);
    await put(before, hashed, { first: 1, last: 2 });
    await put(before, triplet('a'), { first: 3, last: 4 });
    expect(await read(before, hashed, triplet('a'))).toEqual([
      { first: 1, last: 2 },
      { first: 3, last: 4 },
    ]);
    expect(await read(open(dbdir, PRIVATE), triplet('a'))).toEqual([{ first: 1, last: 4 }]);
  });
});

test('counts that cannot be stored fail alone: what is saved in the same transaction stays', async () => {
  const store = open();
  const count = { hour: 3600, action: 'pass', reason: 'new', waited: 0, count: 1 };
  const wrong = { ...count, action: null as unknown as string };
  const [saved, refused] = await Promise.allSettled([
    put(store, triplet('a'), { first: 1, last: 1 }),
    store.addDecisions([count, wrong], 0),
  ]);
  expect([saved.status, refused.status]).toEqual(['fulfilled', 'rejected']);
  expect(await read(store, triplet('a'))).toEqual([{ first: 1, last: 1 }]);
  expect(await store.decisions()).toEqual([]);
});
