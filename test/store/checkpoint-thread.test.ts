/**
 * The thread that copies the log, as it is built: tests of the store run from the sources, where there is
 * none, and the store copies the log itself.
 */
import { copyFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CheckpointThread, NoThreadError } from '../../src/store/checkpoint-thread.ts';
import { identityOf } from '../../src/store/file-identity.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { put, read, triplet } from './contract.ts';

const MAIN = new URL('../../dist/store/checkpoint-thread-main.js', import.meta.url);
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
  const thread = new CheckpointThread({ path, identity: identityOf(path) }, MAIN);
  onTestFinished(() => thread.close());
  /** Whether a record stands in the database itself, without its log. */
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
  const { pages } = await thread.run();
  expect(pages).toBeGreaterThan(0);
  expect(await isCopied('a')).toBe(true);

  // All of it was copied, so that the log begins anew, and is no longer than before.
  await put(store, triplet('b'), RECORD);
  expect((await thread.run()).pages).toBeLessThanOrEqual(pages);
  expect(await isCopied('b')).toBe(true);
});

test('says why it cannot, and can again when that is over', async () => {
  const missing = new CheckpointThread(
    { path: join(temporaryDirectory(), 'greyd.db'), identity: undefined },
    MAIN,
  );
  for (let times = 0; times < 2; times += 1)
    await expect(missing.run()).rejects.toThrow('unable to open database file');
  await missing.close();
  const noThread = new CheckpointThread({ path: '', identity: undefined }, new URL('file:///missing.js'));
  await expect(noThread.run()).rejects.toThrow(NoThreadError);
});

test('leaves another file alone that stands in the place of its own', async () => {
  const { path, store, thread, dbdir } = setUp();
  await put(store, triplet('a'), RECORD);
  copyFileSync(path, join(dbdir, 'backup'));
  renameSync(join(dbdir, 'backup'), path);
  const before = readFileSync(path);
  await expect(thread.run()).rejects.toThrow(`${path} was replaced`);
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
