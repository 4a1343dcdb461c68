/**
 * greyd.db is removed, moved away, replaced, cut or damaged by another program, under load. Triplets deferred
 * before that are gone with it, or are where it was moved to; later ones are kept.
 */
import {
  closeSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { hashOf } from '../../src/greylist/keys.ts';
import { inspectDatabase } from '../../src/store/sqlite/maintenance.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { greyctl } from '../support/greyctl.ts';
import { forgotten, MailFlow } from '../support/mail-flow.ts';

const MAILS = 200;
/** After so many the log was copied into the database by a thread of its own, which goes on to live. */
const MAILS_UNTIL_COPIED = 1200;
const PAGE = 4096;

/** Makes a database as greyd does, in which a triplet waits since ten seconds ago. @returns its folder */
async function databaseOf(sender: string): Promise<string> {
  const dbdir = temporaryDirectory();
  const store = openSqliteStore(dbdir, { privacy: false, hash: (key) => hashOf(key, false) });
  const triplet = {
    kind: 'triplet',
    clientNetwork: '192.0.2.0',
    sender,
    recipient: 'bob@example.org',
  } as const;
  const seen = Math.floor(Date.now() / 1000) - 10;
  await store.update([triplet], () => ({ save: [{ first: seen, last: seen }], result: undefined }));
  await store.close();
  return dbdir;
}

/** The files of a database that were set aside. */
const setAside = (dbdir: string) => readdirSync(dbdir).filter((name) => /\.damaged-\d{8}T\d{6}Z$/.test(name));

/**
 * Has mail deferred, does something to the database, and goes on until mail is deferred again.
 * @returns which mails were deferred after the change was noticed
 */
async function goThrough(
  daemon: Daemon,
  change: () => void,
  mailsBefore = MAILS,
): Promise<MailFlow['deferred']> {
  const flow = new MailFlow(daemon);
  await flow.moreDeferred(mailsBefore);
  change();
  await daemon.logged(/store works again, (\d+) requests? passed/);
  const before = new Set(flow.deferred.keys());
  await flow.moreDeferred(MAILS);
  await flow.stop();
  const told = daemon.logLines.filter((line) => line.startsWith('store '));
  expect(told).toEqual([
    expect.stringMatching(/^store failed, mail passes without greylisting until it works again: /),
    `store works again, ${flow.passed} ${flow.passed === 1 ? 'request' : 'requests'} passed without greylisting`,
  ]);
  expect(flow.passed).toBeGreaterThan(0);
  return new Map([...flow.deferred].filter(([sender]) => !before.has(sender)));
}

describe('a database that is in use and', () => {
  test.each(['greyd.db', 'greyd.db-wal', 'greyd.db-shm'])('loses %s', async (name) => {
    const daemon = await Daemon.start(['--quiet']);
    const path = join(daemon.dbdir, 'greyd.db');
    const later = await goThrough(daemon, () => rmSync(join(daemon.dbdir, name)));
    expect(forgotten(later, path)).toEqual([]);
    expect(daemon.log).toContain(`${name} was removed or replaced`);
  });

  test.each([
    ['emptied', (log: string) => truncateSync(log)],
    ['cut in half', (log: string) => truncateSync(log, statSync(log).size / 2)],
    ['cut within its header', (log: string) => truncateSync(log, 16)],
    ['overwritten at its begin', (log: string) => overwriteBytes(log, 0, 32)],
  ])('has its log %s', async (_, harm) => {
    const daemon = await Daemon.start(['--quiet']);
    const path = join(daemon.dbdir, 'greyd.db');
    const later = await goThrough(daemon, () => harm(`${path}-wal`), MAILS_UNTIL_COPIED);
    await daemon.stop('SIGKILL');
    expect(forgotten(later, path)).toEqual([]);
    expect(setAside(daemon.dbdir)).toEqual([]);
    expect(new Database(path).pragma('integrity_check', { simple: true })).toBe('ok');
  });

  test('has its log emptied between two mails', async () => {
    const daemon = await Daemon.start(['--quiet']);
    const path = join(daemon.dbdir, 'greyd.db');
    await daemon.ask();
    truncateSync(`${path}-wal`);
    expect(await daemon.ask({ sender: 'a@example.net' })).toBe('DUNNO');
    expect(await daemon.ask({ sender: 'b@example.net' })).toMatch(/^DEFER_IF_PERMIT /);
    await daemon.stop('SIGKILL');
    expect(forgotten(new Map([['b@example.net', Date.now() / 1000]]), path)).toEqual([]);
  });

  test('has its log emptied by another program, as SQLite does it', async () => {
    const daemon = await Daemon.start(['--quiet']);
    const path = join(daemon.dbdir, 'greyd.db');
    const flow = new MailFlow(daemon);
    const other = new Database(path);
    for (let times = 0; times < 50; times += 1) {
      await flow.moreDeferred(times % 3);
      other.pragma(`wal_checkpoint(${times % 2 === 0 ? 'TRUNCATE' : 'RESTART'})`);
    }
    other.close();
    await flow.moreDeferred(MAILS);
    await flow.stop();
    await daemon.stop('SIGKILL');
    expect(flow.passed).toBe(0);
    expect(daemon.log).not.toContain('store failed');
    expect(forgotten(flow.deferred, path)).toEqual([]);
  });

  test('has its index cut: greyd ends, and its next start finds all that was deferred', async () => {
    const daemon = await Daemon.start(['--quiet']);
    const path = join(daemon.dbdir, 'greyd.db');
    const flow = new MailFlow(daemon);
    await flow.moreDeferred(MAILS);
    await flow.stop();
    truncateSync(`${path}-shm`);
    await expect(daemon.ask()).rejects.toThrow();
    expect(await daemon.exited).toEqual({ status: null, signal: 'SIGBUS' });
    await Daemon.start(['--quiet'], { dbdir: daemon.dbdir });
    expect(forgotten(flow.deferred, path)).toEqual([]);
  });

  test('is moved away: what was deferred is there, or in the new one', async () => {
    const daemon = await Daemon.start(['--quiet']);
    const path = join(daemon.dbdir, 'greyd.db');
    const flow = new MailFlow(daemon);
    await flow.moreDeferred(MAILS);
    renameSync(path, `${path}.moved`);
    await daemon.logged(/store works again/);
    await flow.moreDeferred(MAILS);
    await flow.stop();
    expect(forgotten(flow.deferred, path, `${path}.moved`)).toEqual([]);
  });

  test('is replaced by another, as by a backup', async () => {
    const backup = await Daemon.start();
    await backup.ask({ sender: 'saved@example.net' });
    await backup.stop();
    const daemon = await Daemon.start(['--quiet']);
    const path = join(daemon.dbdir, 'greyd.db');
    const later = await goThrough(daemon, () => renameSync(join(backup.dbdir, 'greyd.db'), path));
    expect(forgotten(new Map([...later, ['saved@example.net', Date.now() / 1000]]), path)).toEqual([]);
  });

  test('goes with its whole directory', async () => {
    const dbdir = join(temporaryDirectory(), 'db');
    const daemon = await Daemon.start(['--quiet'], { dbdir });
    const later = await goThrough(daemon, () => rmSync(dbdir, { recursive: true }));
    expect(forgotten(later, join(dbdir, 'greyd.db'))).toEqual([]);
  });
});

describe('a damaged database is set aside, and a new one begun:', () => {
  test.each([
    ['no database', (path: string) => writeFileSync(path, 'x'.repeat(3 * PAGE))],
    ['its first page', (path: string) => overwrite(path, 0, 1)],
    ['cut short', (path: string) => writeFileSync(path, 'SQLite format 3\0')],
  ])('at the start, %s', async (_, damage) => {
    const dbdir = await databaseOf('known@example.net');
    damage(join(dbdir, 'greyd.db'));
    const daemon = await Daemon.start([], { dbdir });
    expect(await daemon.ask()).toMatch(/^DEFER_IF_PERMIT /);
    await daemon.logged(/reason=new, .*\n/);
    const [aside] = setAside(daemon.dbdir);
    expect(daemon.logLines).toEqual([
      expect.stringMatching(
        `^the database is damaged \\(.*\\): set aside as ${daemon.dbdir}/${aside}, and a new one created; `,
      ),
      expect.stringContaining('listening on'),
      expect.stringContaining('reason=new'),
    ]);
  });

  test.each([
    ['all its pages but the first', (path: string) => overwrite(path, 1, statSync(path).size / PAGE - 1)],
    ['its first page', (path: string) => overwrite(path, 0, 1)],
    ['no database any more', (path: string) => writeFileSync(path, 'x'.repeat(3 * PAGE))],
    ['cut in half', (path: string) => truncateSync(path, Math.floor(statSync(path).size / PAGE / 2) * PAGE)],
    ['empty', (path: string) => truncateSync(path, 0)],
  ])('at run time, %s', async (_, damage) => {
    const daemon = await Daemon.start(['--quiet']);
    const path = join(daemon.dbdir, 'greyd.db');
    const later = await goThrough(daemon, () => whileNothingIsRead(daemon, path, () => damage(path)));
    expect(forgotten(later, path)).toEqual([]);
    expect(setAside(daemon.dbdir)).toHaveLength(1);
    expect(daemon.logLines.filter((line) => line.startsWith('the database is damaged'))).toHaveLength(1);
  });
});

/** Another table of triplets, with what is in the first one. */
const NARROW = `
  CREATE TABLE narrow (client_network TEXT, sender TEXT, recipient TEXT, first_seen INTEGER, last_seen INTEGER,
    owner TEXT NOT NULL, PRIMARY KEY (client_network, sender, recipient)) WITHOUT ROWID;
  INSERT INTO narrow SELECT *, 'x' FROM triplets;
  DROP TABLE triplets`;

describe('a database whose tables another program has changed', () => {
  /** The change, and the tables that lose records by it. */
  const CHANGES = [
    ['without triplets', 'DROP TABLE triplets', ['triplets']],
    ['without clients', 'DROP TABLE clients', ['clients']],
    ['without decisions', 'DROP TABLE decisions', []],
    ['without settings', 'DROP TABLE settings', []],
    ['without counts', 'DROP TABLE record_counts', []],
    ['without a count', "DELETE FROM record_counts WHERE kind = 'triplet'", []],
    ['without a trigger', 'DROP TRIGGER triplets_inserted', []],
    ['with another column', 'ALTER TABLE triplets RENAME COLUMN first_seen TO first', ['triplets']],
    ['with one column more', 'ALTER TABLE decisions ADD COLUMN note TEXT', []],
    ['with one setting more', 'ALTER TABLE settings ADD COLUMN note TEXT', []],
    ['with a column that has to be given', `${NARROW}; ALTER TABLE narrow RENAME TO triplets`, []],
    ['with a table moved away', 'ALTER TABLE triplets RENAME TO old_triplets', ['triplets']],
    ['with another table in place of one', 'DROP TABLE triplets; CREATE TABLE triplets (x)', ['triplets']],
    [
      'with a view in place of one',
      'DROP TABLE triplets; CREATE VIEW triplets AS SELECT 1 AS x',
      ['triplets'],
    ],
    ['without its version', 'PRAGMA user_version = 0', []],
  ] as const;

  test.each(CHANGES)('is repaired at the start, %s', async (_, sql, lost) => {
    const dbdir = await databaseOf('known@example.net');
    const path = join(dbdir, 'greyd.db');
    change(path, sql);
    const daemon = await Daemon.start([], { dbdir });
    expect(await daemon.ask({ sender: 'known@example.net' })).toMatch(/^DEFER_IF_PERMIT /);
    const isLost = (lost as readonly string[]).includes('triplets');
    await daemon.logged(/reason=/);
    expect(daemon.log).toMatch(isLost ? /reason=new/ : /reason=early-retry/);
    if (lost.length === 0) expect(daemon.log).not.toContain('greylisted again');
    expect(setAside(daemon.dbdir)).toEqual([]);
    // A column more is none of greyd's business.
    if (!sql.includes('ADD COLUMN'))
      expect(daemon.log).toContain('another program has changed the database; repaired: ');
    await daemon.stop();
    expect(inspectDatabase(path)).toMatchObject({ damage: [], counts: { triplets: 1 } });
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  test.each(CHANGES)('is repaired at run time, %s', async (_, sql) => {
    const daemon = await Daemon.start();
    await daemon.ask();
    change(join(daemon.dbdir, 'greyd.db'), sql);
    // Some of these changes harm nothing that a running greyd needs; it must not end in DUNNO for ever.
    const client = await daemon.connect();
    for (let mail = 0; ; mail += 1)
      if ((await client.ask({ sender: `new${mail}@example.net` })) !== 'DUNNO' && mail > 3) break;
    client.close();
    await daemon.stop();
    expect(setAside(daemon.dbdir)).toEqual([]);
    const again = await Daemon.start([], { dbdir: daemon.dbdir });
    expect(await again.ask({ sender: 'another@example.net' })).toMatch(/^DEFER_IF_PERMIT /);
    await again.stop();
    expect(inspectDatabase(join(daemon.dbdir, 'greyd.db'))).toMatchObject({
      damage: [],
      counts: { triplets: expect.any(Number) },
    });
  });

  test('keeps what is left: who is known stays known when another table is gone', async () => {
    const dbdir = await databaseOf('known@example.net');
    change(join(dbdir, 'greyd.db'), 'DROP TABLE clients');
    const daemon = await Daemon.start([], { dbdir });
    expect((await greyctl(['check', `--dbdir=${dbdir}`])).status).toBe(0);
    await daemon.ask({ sender: 'known@example.net' });
    await daemon.logged(/reason=early-retry/);
    expect(daemon.log).toContain(
      'another program has changed the database; repaired: clients, clients_inserted, clients_deleted; the records in clients could not be kept: their mail is greylisted again',
    );
  });

  function change(path: string, sql: string): void {
    const file = new Database(path);
    try {
      file.exec(sql);
    } finally {
      file.close();
    }
  }
});

/**
 * Does something to the file at a moment in which the daemon holds none of its pages, neither in the log
 * nor in memory, so that it reads them from the file afterwards.
 */
function whileNothingIsRead(daemon: Daemon, path: string, action: () => void): void {
  const other = new Database(path, { timeout: 100 });
  for (;;) {
    daemon.kill('SIGSTOP');
    // 1 if it was stopped in the middle of a commit.
    if (other.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0) break;
    daemon.kill('SIGCONT');
  }
  other.close();
  action();
  daemon.kill('SIGCONT');
}

function overwrite(path: string, firstPage: number, pages: number): void {
  overwriteBytes(path, firstPage * PAGE, pages * PAGE, 0xa5);
}

function overwriteBytes(path: string, begin: number, length: number, value = 0): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(length, value), 0, length, begin);
  closeSync(file);
}
