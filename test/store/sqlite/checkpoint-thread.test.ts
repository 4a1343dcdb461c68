/**
 * The thread that copies the log, as it is built: tests of the store run from the sources, where there is
 * none, and the store copies the log itself.
 */
import { copyFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CheckpointThread } from '../../../src/store/sqlite/checkpoint-thread.ts';
import { FileIdentity } from '../../../src/store/sqlite/file-identity.ts';
import { openSqliteStore } from '../../../src/store/sqlite/store.ts';
import { temporaryDirectory } from '../../support/daemon.ts';
import { put, read, triplet } from '../contract.ts';

const MAIN = new URL('../../../dist/store/sqlite/checkpoint-thread-main.js', import.meta.url);
const RECORD = { first: 1, last: 1 };

function setUp() {
  const dbdir = temporaryDirectory();
  const open = (path: string) => {
    const store = openSqliteStore(path, { privacy: false, hash: () => '' });
    onTestFinished(() => store.close());
    return store;
  };
  const store = open(dbdir);
  const path = join(dbdir, 'greyd.db');
  const thread = new CheckpointThread({ path, files: FileIdentity.of([path, `${path}-wal`]).files }, MAIN);
  onTestFinished(() => thread.close());
  /** Tells whether a record is in the database itself, without its log. */
  const isCopied = async (name: string) => {
    const alone = temporaryDirectory();
    copyFileSync(join(dbdir, 'greyd.db'), join(alone, 'greyd.db'));
    return (await read(open(alone), triplet(name)))[0] !== undefined;
  };
  return { dbdir, path, store, thread, isCopied };
}

test('copies what is in the log, and says how long that is', async () => {
  const { store, thread, isCopied } = setUp();
  await put(store, triplet('a'), RECORD);
  expect(await isCopied('a')).toBe(false);
  const pages = await thread.run();
  expect(pages).toBeGreaterThan(0);
  expect(await isCopied('a')).toBe(true);

  // All of it was copied, so that the log begins anew, and is no longer than before.
  await put(store, triplet('b'), RECORD);
  expect(await thread.run()).toBeLessThanOrEqual(pages);
  expect(await isCopied('b')).toBe(true);
});

test('says why it cannot, and can again when that is over', async () => {
  const missing = new CheckpointThread(
    { path: join(temporaryDirectory(), 'greyd.db'), files: new Map() },
    MAIN,
  );
  for (let times = 0; times < 2; times += 1)
    await expect(missing.run()).rejects.toThrow('unable to open database file');
  await missing.close();
  const noThread = new CheckpointThread({ path: '', files: new Map() }, new URL('file:///missing.js'));
  await expect(noThread.run()).rejects.toThrow('no checkpoint thread: ');
  const notEvenBegun = new CheckpointThread({ path: '', files: new Map() }, new URL('http://192.0.2.1/'));
  await expect(notEvenBegun.run()).rejects.toThrow('URL');
});

test.each(['greyd.db', 'greyd.db-wal'])('leaves all alone if another %s stands there', async (name) => {
  const { path, store, thread, dbdir } = setUp();
  await put(store, triplet('a'), RECORD);
  copyFileSync(join(dbdir, name), join(dbdir, 'other'));
  renameSync(join(dbdir, 'other'), join(dbdir, name));
  const before = readFileSync(path);
  await expect(thread.run()).rejects.toThrow(`${name} was removed or replaced`);
  await thread.close();
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a store that cannot start it copies its log itself', async () => {
  const { store, dbdir } = setUp();
  const names = Array.from({ length: 40_000 }, (_, number) => `n${number}`);
  for (let from = 0; from < names.length; from += 100) {
    await Promise.all(names.slice(from, from + 100).map((name) => put(store, triplet(name), RECORD)));
  }
  const megabytes = (name: string) => statSync(join(dbdir, name)).size / 1024 / 1024;
  expect(megabytes('greyd.db')).toBeGreaterThan(1);
  expect(megabytes('greyd.db-wal')).toBeLessThan(80);
});
