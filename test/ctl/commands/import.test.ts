/**
 * greyctl import and export on a database of greyd, without postgrey: dumps come from standard input.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hashOf, type Key } from '../../../src/greylist/keys.ts';
import { openSqliteStore, type SqliteStore } from '../../../src/store/sqlite/store.ts';
import { CLIENT, put, read, triplet } from '../../store/contract.ts';
import { Daemon, temporaryDirectory } from '../../support/daemon.ts';
import { greyctl } from '../../support/greyctl.ts';
import { canRun } from '../../support/requirements.ts';

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');

/** Returns what db_dump -p prints of these pairs. */
function dumpOf(pairs: Readonly<Record<string, string>>): string {
  const lines = Object.entries(pairs).map(([key, value]) => ` ${key}\n ${value}\n`);
  return `VERSION=3\nformat=print\ntype=btree\nHEADER=END\n${lines.join('')}DATA=END\n`;
}

/** A dump with the record of triplet('a') and that of CLIENT. */
const DUMP = dumpOf({ '192.0.2.0/a@example.net/bob@example.org': '100,500', '192.0.2.1': '7,900' });
const HASHED_DUMP = dumpOf({
  [sha1('192.0.2.0/a@example.net/bob@example.org')]: '1700000100,1700000500',
  [sha1('192.0.2.1')]: '7,1700000900',
});

function open(dbdir: string, privacy?: boolean): SqliteStore {
  const store = openSqliteStore(dbdir, { privacy, hash: (key: Key) => hashOf(key, false) });
  onTestFinished(() => store.close());
  return store;
}

/** A database directory as a daemon left it that ran with or without --privacy. */
async function usedDirectory(privacy: boolean): Promise<string> {
  const dbdir = temporaryDirectory();
  await open(dbdir, privacy).close();
  return dbdir;
}

function importInto(dbdir: string, dump: string) {
  return greyctl(['import', `--dbdir=${dbdir}`, '-'], { input: dump });
}

describe('import', () => {
  test('takes the records over, says so, and a second time finds them known', async () => {
    const dbdir = temporaryDirectory();
    expect(await importInto(dbdir, DUMP)).toEqual({
      status: 0,
      stdout:
        'triplets: 1 read, 1 new, 0 merged, 0 known already, 0 skipped\n' +
        'clients: 1 read, 1 new, 0 merged, 0 known already, 0 skipped\n',
      stderr: '',
    });
    expect(await read(open(dbdir), triplet('a'), CLIENT)).toEqual([
      { first: 100, last: 500 },
      { count: 7, last: 900 },
    ]);
    expect((await importInto(dbdir, DUMP)).stdout).toMatch(
      /^triplets: 1 read, 0 new, 0 merged, 1 known already, 0 skipped\nclients: 1 read, 0 new, 0 merged, 1 known already/,
    );
  });

  test.each([
    ['earlier and later', [100, 500], [50, 400], [50, 500]],
    ['later and earlier', [100, 500], [200, 600], [100, 600]],
    ['inside', [100, 500], [200, 400], [100, 500]],
    ['around', [200, 400], [100, 500], [100, 500]],
  ] as const)('keeps the earlier first and the later last time: %s', async (_, dumped, known, kept) => {
    const dbdir = temporaryDirectory();
    const store = open(dbdir, false);
    await put(store, triplet('a'), { first: known[0], last: known[1] });
    const value = dumped.join(',');
    await importInto(dbdir, dumpOf({ '192.0.2.0/a@example.net/bob@example.org': value }));
    expect(await read(store, triplet('a'))).toEqual([{ first: kept[0], last: kept[1] }]);
  });

  test.each([
    ['7,900', { count: 3, last: 950 }, { count: 7, last: 950 }],
    ['3,950', { count: 7, last: 900 }, { count: 7, last: 950 }],
  ])('keeps the higher count of a client and the later time: %s', async (value, known, kept) => {
    const dbdir = temporaryDirectory();
    const store = open(dbdir, false);
    await put(store, CLIENT, known);
    await importInto(dbdir, dumpOf({ '192.0.2.1': value }));
    expect(await read(store, CLIENT)).toEqual([kept]);
  });

  test('what cannot be taken is counted, with the reason and an example', async () => {
    const dump = dumpOf({
      '192.0.2.0/a@example.net/bob@example.org': 'x',
      'b/c': '1,2',
      'd/e': '1,2',
      '192.0.2.0/f@g/h@i': '1,2',
    });
    const { status, stdout } = await importInto(temporaryDirectory(), dump);
    expect([status, stdout]).toEqual([
      0,
      'triplets: 1 read, 1 new, 0 merged, 0 known already, 0 skipped\n' +
        'others: 3 read, 0 new, 0 merged, 0 known already, 3 skipped\n' +
        "skipped 1: the value is not a pair of numbers, for example '192.0.2.0/a@example.net/bob@example.org'\n" +
        "skipped 2: the key is neither a triplet nor a client address, for example 'b/c'\n",
    ]);
  });

  test('a dump that breaks off is an error; what came before it is kept', async () => {
    const dbdir = temporaryDirectory();
    const { status, stdout, stderr } = await importInto(dbdir, DUMP.replace('DATA=END\n', ''));
    expect([status, stderr]).toEqual([1, 'greyctl: the dump is cut off: DATA=END is missing\n']);
    expect(stdout).toContain('triplets: 1 read, 1 new');
    expect(await read(open(dbdir), triplet('a'))).toEqual([{ first: 100, last: 500 }]);
  });

  test('while greyd runs; it goes by the records at once', async () => {
    const daemon = await Daemon.start(['--allow-test-time']);
    const request = { sender: 'a@example.net', recipient: 'bob@example.org', policy_test_time: 600 };
    expect(await daemon.ask({ ...request, sender: 'other@example.net' })).toMatch(/^DEFER/);
    await importInto(daemon.dbdir, dumpOf({ '192.0.2.0/a@example.net/bob@example.org': '100,500' }));
    expect(await daemon.ask(request)).toBe('DUNNO');
    expect(daemon.log).not.toContain('store failed');
  });
});

describe('--privacy', () => {
  test.each([
    ['plain records of a postgrey without it', DUMP, [100, 500], [7, 900]],
    ['records of a postgrey with it', HASHED_DUMP, [1_700_000_100, 1_700_000_500], [7, 1_700_000_900]],
  ] as const)('a private database takes %s', async (_, dump, [first, last], [count, counted]) => {
    const dbdir = await usedDirectory(true);
    expect((await importInto(dbdir, dump)).status).toBe(0);
    expect(await read(open(dbdir, true), triplet('a'), CLIENT)).toEqual([
      { first, last },
      { count, last: counted },
    ]);
    const bytes = readdirSync(dbdir).map((name) => readFileSync(join(dbdir, name), 'latin1'));
    expect(bytes.join('')).not.toMatch(/example|192\.0\.2/);
  });

  test('an open database cannot take hashed records', async () => {
    const { status, stdout } = await importInto(await usedDirectory(false), HASHED_DUMP);
    expect(status).toBe(1);
    expect(stdout).toContain('skipped 2: hashed by postgrey --privacy, but greyd runs without --privacy');
  });

  test.each([true, false])('before greyd ever ran both are kept, for whatever comes: %s', async (privacy) => {
    const dbdir = temporaryDirectory();
    await importInto(dbdir, DUMP);
    await importInto(
      dbdir,
      dumpOf({ [sha1('192.0.2.0/b@example.net/bob@example.org')]: '1700000100,1700000500' }),
    );
    expect(await read(open(dbdir, privacy), triplet('a'), triplet('b'))).toEqual([
      { first: 100, last: 500 },
      privacy ? { first: 1_700_000_100, last: 1_700_000_500 } : undefined,
    ]);
  });
});

describe('export', () => {
  test('gives back what was taken over, byte for byte', async () => {
    const dbdir = temporaryDirectory();
    const triplets = {
      '192.0.2.0/a\\c3\\a9\\5c@b/c@d': '100,500',
      '192.0.2.0/x y%~!@b/c@d': '1,2',
      '2001:db8:0:0:0:0:0:0//c@d': '3,4',
    };
    const clients = { '192.0.2.1': '7,900', '2001:DB8:0:0:0:0:0:5': '1,2' };
    // In the order of the keys, as db_dump prints them too.
    await importInto(dbdir, dumpOf(triplets).replace('\\5c', '\\\\'));
    await importInto(dbdir, dumpOf(clients));
    const run = (...words: string[]) =>
      greyctl(['export', `--dbdir=${dbdir}`, '--format=postgrey', ...words]);
    expect(await run('triplets')).toEqual({
      status: 0,
      stdout: dumpOf(triplets).replace('\\5c', '\\\\'),
      stderr: '',
    });
    expect((await run('clients')).stdout).toBe(dumpOf(clients));
    expect((await run('--lookup-by-host', 'triplets')).stdout).toContain(' 2001:db8:0:0:0:0:0:0/128//c@d\n');
  });

  test('many records', async () => {
    const dbdir = temporaryDirectory();
    const pairs = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, number) => [
        `192.0.2.0/${String(number).padStart(5, '0')}@b/c@d`,
        `${number},${number}`,
      ]),
    );
    await importInto(dbdir, dumpOf(pairs));
    expect((await greyctl(['export', `--dbdir=${dbdir}`, '--format=postgrey', 'triplets'])).stdout).toBe(
      dumpOf(pairs),
    );
  });

  test('a private database has nothing to give', async () => {
    const dbdir = await usedDirectory(true);
    const { status, stderr } = await greyctl(['export', `--dbdir=${dbdir}`, '--format=postgrey', 'triplets']);
    expect([status, stderr]).toEqual([
      1,
      'greyctl: greyd runs with --privacy: addresses cannot be read from its records\n',
    ]);
  });

  test('no database is made where there is none', async () => {
    const dbdir = temporaryDirectory();
    const { status, stderr } = await greyctl(['export', `--dbdir=${dbdir}`, '--format=postgrey', 'triplets']);
    expect([status, stderr]).toEqual([1, `greyctl: there is no database in ${dbdir}, see --dbdir\n`]);
    expect(readdirSync(dbdir)).toEqual([]);
  });
});

describe('the command line', () => {
  test.each([
    [[], 'missing command; expected explain, pass'],
    [['frobnicate'], "unknown command 'frobnicate'; expected explain"],
    [['import'], 'missing argument; expected one database directory of postgrey'],
    [['import', 'a', 'b'], "unexpected argument 'b'; expected one database directory of postgrey"],
    [['import', '--nonsense', 'a'], "unknown option '--nonsense', see greyctl import --help"],
    [['export', 'triplets'], 'missing --format=postgrey'],
    [['export', '--format=xml', 'triplets'], '--format=xml: write postgrey'],
    [['export', '--format=postgrey'], 'missing argument; expected triplets or clients'],
    [['export', '--format=postgrey', 'all'], "unexpected argument 'all'; expected triplets or clients"],
  ])('%j is reported in one line, status 2', async (args, message) => {
    const { status, stdout, stderr } = await greyctl(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^greyctl: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  test.each([
    [['--help'], 'Usage: greyctl COMMAND'],
    [['import', '-h'], 'Usage: greyctl import '],
    [['--version'], 'greyctl '],
  ])('%j', async (args, text) => {
    const { status, stdout } = await greyctl(args);
    expect([status, stdout.startsWith(text)]).toEqual([0, true]);
  });

  test('a directory that is none of postgrey, or none at all', async () => {
    const folder = temporaryDirectory();
    const run = (path: string) => greyctl(['import', `--dbdir=${temporaryDirectory()}`, path]);
    expect(await run(folder)).toMatchObject({
      status: 1,
      stderr: `greyctl: ${folder} is not a database directory of postgrey: postgrey.db is missing\n`,
    });
    expect(await run(`${folder}/none`)).toMatchObject({
      status: 1,
      stderr: `greyctl: cannot read ${folder}/none (ENOENT)\n`,
    });
  });

  test('without db_dump it says what to install, and leaves nothing behind', async () => {
    const [folder, dbdir] = [temporaryDirectory(), temporaryDirectory()];
    writeFileSync(join(folder, 'postgrey.db'), '');
    const { status, stderr } = await greyctl(['import', `--dbdir=${dbdir}`, folder], {
      env: { PATH: '/nonexistent' },
    });
    expect([status, stderr]).toEqual([
      1,
      'greyctl: db_recover is not installed; db_dump and db_recover come with: apt-get install db-util\n',
    ]);
    expect(readdirSync(dbdir)).toEqual([]);
  });
});

test.skipIf(!canRun('greyctl on a terminal', { programs: ['script'] }))(
  'on a terminal it shows how far it has come',
  () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'dump'), DUMP);
    const command = `${process.execPath} bin/greyctl.js import --dbdir=${folder} - <${folder}/dump`;
    const shown = execFileSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
    expect(shown).toContain('\r\x1b[K2 records\r\x1b[Ktriplets: 1 read, 1 new');
  },
);

describe.skipIf(!canRun('greyctl as root', { root: true }))('as root', () => {
  const NOBODY = 65534;

  test("an empty directory of somebody stays theirs; a new one is the default account's, or root's", async () => {
    const folder = temporaryDirectory();
    execFileSync('chmod', ['755', folder]);
    const [empty, missing] = [join(folder, 'empty'), join(folder, 'missing')];
    mkdirSync(empty);
    chownSync(empty, NOBODY, NOBODY);
    for (const dbdir of [empty, missing]) expect((await importInto(dbdir, DUMP)).status).toBe(0);
    const owner = (dbdir: string) => [statSync(dbdir).uid, statSync(join(dbdir, 'greyd.db')).uid];
    expect(owner(empty)).toEqual([NOBODY, NOBODY]);
    const accounts = ['greyd', 'postgrey'].map((name) =>
      spawnSync('id', ['-u', name], { encoding: 'utf8' }).stdout.trim(),
    );
    const account = Number(accounts.find((uid) => uid !== '') ?? 0);
    expect(owner(missing)).toEqual([account, account]);
  });

  test('what it makes belongs to whom the database belongs to', async () => {
    const folder = temporaryDirectory();
    execFileSync('chmod', ['755', folder]);
    const dbdir = join(folder, 'db');
    mkdirSync(dbdir);
    writeFileSync(join(dbdir, 'greyd.db'), '');
    for (const path of [dbdir, join(dbdir, 'greyd.db')]) chownSync(path, NOBODY, NOBODY);
    expect((await importInto(dbdir, HASHED_DUMP)).status).toBe(0);
    const owners = readdirSync(dbdir)
      .filter((name) => !/-(wal|shm)$/.test(name))
      .map((name) => [name, statSync(join(dbdir, name)).uid]);
    expect(owners).toEqual([
      ['greyd.db', NOBODY],
      ['greyd.secret', NOBODY],
    ]);
  });
});
