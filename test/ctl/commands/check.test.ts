/**
 * greyctl check: its messages about a sound database, and about damaged ones.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { hashOf, type Key } from '../../../src/greylist/keys.ts';
import { openSqliteStore } from '../../../src/store/sqlite/store.ts';
import { CLIENT, put, triplet } from '../../store/contract.ts';
import { Daemon, temporaryDirectory } from '../../support/daemon.ts';
import { GREYCTL, greyctl } from '../../support/greyctl.ts';
import { canRun } from '../../support/requirements.ts';
import { scriptWords } from '../../support/script-words.ts';

const NOBODY = 65534;
const TRIPLETS = 1000;

const check = (dbdir: string) => greyctl(['check', `--dbdir=${dbdir}`]);

async function filledDirectory(): Promise<string> {
  const dbdir = temporaryDirectory();
  const store = openSqliteStore(dbdir, { privacy: false, hash: (key: Key) => hashOf(key, false) });
  await Promise.all(
    Array.from({ length: TRIPLETS }, (_, one) => put(store, triplet(`s${one}`), { first: 1, last: 2 })),
  );
  await put(store, CLIENT, { count: 1, last: 1 });
  await store.close();
  return dbdir;
}

function change(dbdir: string, sql: string): void {
  const file = new Database(join(dbdir, 'greyd.db'));
  file.exec(sql);
  file.close();
}

/** Overwrites so many bytes from there on. */
function overwrite(path: string, at: number, length: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(length, 0xa5), 0, length, at);
  closeSync(fd);
}

const SOUND = { status: 0, stdout: `ok: ${TRIPLETS} triplets, 1 client\n`, stderr: '' };

test('a sound one is ok, and so is one that greyd works on', async () => {
  const dbdir = await filledDirectory();
  expect(await check(dbdir)).toEqual(SOUND);
  const daemon = await Daemon.start([], { dbdir });
  await daemon.ask({ sender: 'new@example.net' });
  const { status, stdout } = await check(dbdir);
  expect([status, stdout]).toEqual([0, `ok: ${TRIPLETS + 1} triplets, 1 client\n`]);
  expect(await daemon.ask({ sender: 'newer@example.net' })).toMatch(/^DEFER/);
});

describe('damaged is', () => {
  test('one that was overwritten in the middle', async () => {
    const dbdir = await filledDirectory();
    const path = join(dbdir, 'greyd.db');
    overwrite(path, Math.floor(statSync(path).size / 2), 8192);
    const { status, stdout, stderr } = await check(dbdir);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^(damaged: .+\n){1,20}$/);
    expect(stderr).toMatch(/^greyctl: restore a backup, .*\n$/);
  });

  test('one whose head is none', async () => {
    const dbdir = await filledDirectory();
    overwrite(join(dbdir, 'greyd.db'), 0, 100);
    const { status, stdout } = await check(dbdir);
    expect([status, stdout]).toEqual([1, 'damaged: file is not a database\n']);
  });

  test('one that has counted wrong', async () => {
    const dbdir = await filledDirectory();
    change(dbdir, "UPDATE record_counts SET records = 7 WHERE kind = 'client'");
    const { status, stdout } = await check(dbdir);
    expect([status, stdout]).toEqual([1, 'damaged: record_counts says 7 clients, but there are 1\n']);
  });
});

test('one that others may read is no secret any more', async () => {
  const dbdir = await filledDirectory();
  const path = join(dbdir, 'greyd.db');
  chmodSync(path, 0o644);
  const { status, stdout } = await check(dbdir);
  expect([status, stdout]).toEqual([1, `${path} has mode 644, so others have access: chmod 600 ${path}\n`]);
});

test.skipIf(!canRun('check as root', { root: true }))(
  'greyd cannot use a database that belongs to another account',
  async () => {
    const dbdir = await filledDirectory();
    chownSync(dbdir, NOBODY, NOBODY);
    const { status, stdout, stderr } = await check(dbdir);
    expect([status, stdout]).toEqual([
      1,
      expect.stringMatching(/^\S+\/greyd\.db belongs to user 0, so greyd cannot use it: chown nobody: \S+\n/),
    ]);
    expect(stderr).toMatch(/^greyctl: cannot read \S+: unable to open database file\n$/);
  },
);

test('one of a newer greyd is left to that', async () => {
  const dbdir = await filledDirectory();
  change(dbdir, 'PRAGMA user_version = 1000');
  const { status, stdout, stderr } = await check(dbdir);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^greyctl: cannot read \S+: it has schema version 1000, .*\n$/);
});

test('none, and one that holds no tables, is not sound', async () => {
  const dbdir = temporaryDirectory();
  expect((await check(dbdir)).stderr).toBe(`greyctl: there is no database in ${dbdir}, see --dbdir\n`);
  writeFileSync(join(dbdir, 'greyd.db'), '', { mode: 0o600 });
  const { status, stderr } = await check(dbdir);
  expect([status, stderr]).toEqual([
    1,
    `greyctl: cannot read ${dbdir}/greyd.db: it holds no tables of greyd\n`,
  ]);
});

test.skipIf(!canRun('check as another account', { root: true }))(
  'one that this user may not read is not called missing',
  async () => {
    const dbdir = await filledDirectory();
    chmodSync(dbdir, 0o700);
    const account = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    const command = [process.execPath, ...scriptWords(GREYCTL), 'check', `--dbdir=${dbdir}`];
    const { status, stderr } = spawnSync('setpriv', [...account, ...command], { encoding: 'utf8' });
    const user = spawnSync('id', ['-un', '65534'], { encoding: 'utf8' }).stdout.trim();
    expect([status, stderr]).toEqual([
      1,
      `greyctl: cannot read the database in ${dbdir} as user ${user}: use sudo\n`,
    ]);
  },
);

test('an argument is refused', async () => {
  expect((await greyctl(['check', 'greyd.db'])).status).toBe(2);
});
