import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { damageOf } from '../../../src/store/sqlite/damage.ts';
import {
  REOPEN_PAUSE_MS,
  ReopeningStore,
  SET_ASIDE_PAUSE_MS,
} from '../../../src/store/sqlite/reopening-store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { temporaryDirectory } from '../../support/daemon.ts';
import { put, read, triplet } from '../contract.ts';

const RECORD = { first: 1, last: 1 };

function setUp(dbdir = temporaryDirectory()) {
  const path = join(dbdir, 'greyd.db');
  const told: string[] = [];
  const time = { now: Date.parse('2026-11-24T03:30:00Z') };
  const reopening = new ReopeningStore({
    path,
    open: () => openSqliteStore(dbdir, { privacy: false, hash: () => '' }),
    damageOf,
    report: (text) => void told.push(text),
    clock: { now: () => Math.floor(time.now / 1000), uptime: () => time.now },
  });
  onTestFinished(() => reopening.close());
  // The helpers of the contract ask for a whole store and use `update` alone.
  const store = reopening as unknown as Store;
  return { dbdir, path, told, time, store, reopening };
}

/** Overwrites all pages but the first, which is read when the file is opened. */
function damage(path: string): void {
  const { size } = statSync(path);
  const header = readFileSync(path).subarray(0, 4096);
  writeFileSync(path, Buffer.concat([header, Buffer.alloc(size - header.length, 0xff)]));
}

test('a missing directory is made', async () => {
  const { store, path } = setUp(join(temporaryDirectory(), 'db'));
  await put(store, triplet('a'), RECORD);
  expect(existsSync(path)).toBe(true);
});

test('to count opens nothing', async () => {
  const { store, reopening, path } = setUp();
  expect(reopening.counts()).toBeUndefined();
  expect(existsSync(path)).toBe(false);
  await put(store, triplet('a'), RECORD);
  expect(reopening.counts()).toEqual({ triplet: 1, client: 0 });
});

test('one that cannot be opened is tried again after a pause, not with each update', async () => {
  const { store, dbdir, time } = setUp(join(temporaryDirectory(), 'not yet', 'db'));
  const missing = 'the directory does not exist';
  await expect(put(store, triplet('a'), RECORD)).rejects.toThrow(missing);
  mkdirSync(dbdir, { recursive: true });
  await expect(put(store, triplet('a'), RECORD)).rejects.toThrow(missing);
  time.now += REOPEN_PAUSE_MS;
  await put(store, triplet('a'), RECORD);
});

describe('a file that is', () => {
  test('removed is made anew after one failure', async () => {
    const { store, path, told } = setUp();
    await put(store, triplet('a'), RECORD);
    rmSync(path);
    await expect(put(store, triplet('b'), RECORD)).rejects.toThrow('greyd.db was removed or replaced');
    await put(store, triplet('c'), RECORD);
    expect(await read(store, triplet('a'), triplet('b'), triplet('c'))).toEqual([
      undefined,
      undefined,
      RECORD,
    ]);
    expect(told).toEqual([]);
  });

  test('replaced is used as it is, without what its predecessor had in its -wal', async () => {
    const { store, path } = setUp();
    await put(store, triplet('a'), RECORD);
    const other = temporaryDirectory();
    const backup = openSqliteStore(other, { privacy: false, hash: () => '' });
    await put(backup, triplet('b'), RECORD);
    await backup.close();
    renameSync(path, `${path}.before`);
    renameSync(join(other, 'greyd.db'), path);
    await expect(put(store, triplet('c'), RECORD)).rejects.toThrow('was removed or replaced');
    expect(await read(store, triplet('a'), triplet('b'), triplet('c'))).toEqual([
      undefined,
      RECORD,
      undefined,
    ]);
    // The file that was moved away has all that was stored in it.
    renameSync(`${path}.before`, join(other, 'greyd.db'));
    const before = openSqliteStore(other, { privacy: false, hash: () => '' });
    onTestFinished(() => before.close());
    expect(await read(before, triplet('a'))).toEqual([RECORD]);
  });

  test('no database is set aside when it is opened', async () => {
    const { store, dbdir, path, told } = setUp();
    writeFileSync(path, '0'.repeat(8192));
    await put(store, triplet('a'), RECORD);
    expect(readFileSync(`${path}.damaged-20261124T033000Z`, 'latin1')).toBe('0'.repeat(8192));
    expect(told).toEqual([
      `the database is damaged (file is not a database): set aside as ${path}.damaged-20261124T033000Z, and a new one created; known clients are greylisted again`,
    ]);
    expect(readdirSync(dbdir).sort()).toEqual([
      'greyd.db',
      'greyd.db-shm',
      'greyd.db-wal',
      'greyd.db.damaged-20261124T033000Z',
    ]);
  });

  test('without its schema version is used as it is', async () => {
    const { store, dbdir, path, told } = setUp();
    await fill(dbdir);
    const file = new Database(path);
    file.pragma('user_version = 0');
    file.close();
    await put(store, triplet('a'), RECORD);
    expect(await read(store, triplet('a'), triplet('n1'))).toEqual([RECORD, RECORD]);
    expect(told).toEqual([]);
    expect(setAsideFiles(dbdir)).toEqual([]);
  });

  test('removed while it is suspected is made anew', async () => {
    const { path, told, time } = setUp();
    writeFileSync(path, '0'.repeat(8192));
    const damages = ['the disk fails'];
    const suspicious = new ReopeningStore({
      path,
      open: () => openSqliteStore(join(path, '..'), { privacy: false, hash: () => '' }),
      damageOf: (file) => {
        const fault = damages.shift();
        if (fault !== undefined) throw new Error(fault);
        return damageOf(file);
      },
      report: (text) => void told.push(text),
      clock: { now: () => Math.floor(time.now / 1000), uptime: () => time.now },
    });
    onTestFinished(() => suspicious.close());
    const tried = suspicious as unknown as Store;
    await expect(put(tried, triplet('a'), RECORD)).rejects.toThrow(
      'cannot tell whether the database is damaged: the disk fails',
    );
    expect(told).toEqual([
      expect.stringMatching(/cannot tell whether the database is damaged: the disk fails$/),
    ]);
    rmSync(path);
    time.now += REOPEN_PAUSE_MS;
    await put(tried, triplet('a'), RECORD);
    expect(await read(tried, triplet('a'))).toEqual([RECORD]);
  });

  test('damaged while it is in use is set aside after one failure', async () => {
    const { store, dbdir, path, told } = setUp();
    await fill(dbdir);
    await read(store, triplet('n1'));
    damage(path);
    await expect(readAll(store)).rejects.toThrow('malformed');
    await put(store, triplet('a'), RECORD);
    expect(await read(store, triplet('a'), triplet('n1'))).toEqual([RECORD, undefined]);
    expect(told).toEqual([
      expect.stringMatching(/^the database is damaged \(Tree .* page .*\): set aside as /),
    ]);
    expect(setAsideFiles(dbdir)).toHaveLength(1);
  });

  test('damaged again and again is not set aside each time', async () => {
    const { store, dbdir, path, told, time } = setUp();
    const replace = () => {
      rmSync(path, { force: true });
      writeFileSync(path, '0'.repeat(8192));
    };
    replace();
    await put(store, triplet('a'), RECORD);
    replace();
    await expect(put(store, triplet('a'), RECORD)).rejects.toThrow('was removed or replaced');
    time.now += SET_ASIDE_PAUSE_MS - 1;
    await expect(put(store, triplet('a'), RECORD)).rejects.toThrow('file is not a database');
    expect(setAsideFiles(dbdir)).toHaveLength(1);
    time.now += REOPEN_PAUSE_MS;
    await put(store, triplet('a'), RECORD);
    expect(setAsideFiles(dbdir)).toHaveLength(2);
    expect(told).toHaveLength(2);
  });
});

const FILLED = 2000;

const setAsideFiles = (dbdir: string) => readdirSync(dbdir).filter((name) => /damaged-\w+$/.test(name));

/** Makes a database of many pages, by another hand. */
async function fill(dbdir: string): Promise<void> {
  const store = openSqliteStore(dbdir, { privacy: false, hash: () => '' });
  const keys = Array.from({ length: FILLED }, (_, number) => triplet(`n${number}`));
  await store.update(keys, () => ({ save: keys.map(() => RECORD), result: undefined }));
  await store.close();
}

async function readAll(store: Store): Promise<void> {
  for (let number = 0; number < FILLED; number += 1) await read(store, triplet(`n${number}`));
}
