/**
 * greyctl backup: a whole copy while greyd works, or none.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hashOf, type Key } from '../../../src/greylist/keys.ts';
import { openSqliteStore } from '../../../src/store/sqlite/store.ts';
import { Daemon, temporaryDirectory } from '../../support/daemon.ts';
import { GREYCTL, greyctl } from '../../support/greyctl.ts';
import { OWN_MOUNTS_NEED } from '../../support/own-mounts.ts';
import { canRun } from '../../support/requirements.ts';

const NOBODY = 65534;
const CONNECTIONS = 8;

/** A database directory with so many triplets. */
async function filledDirectory(triplets: number): Promise<string> {
  const dbdir = temporaryDirectory();
  await openSqliteStore(dbdir, { privacy: false, hash: (key: Key) => hashOf(key, false) }).close();
  const file = new Database(join(dbdir, 'greyd.db'));
  const now = Math.floor(Date.now() / 1000);
  const insert = file.prepare("INSERT INTO triplets VALUES (?, ?, 'bob@example.org', ?, ?)");
  file.transaction(() => {
    for (let one = 0; one < triplets; one += 1) insert.run('198.51.100.0', `f${one}@example.net`, now, now);
  })();
  file.close();
  return dbdir;
}

describe('while greyd works', () => {
  const TRIPLETS = 100_000;
  const DELAY = 3600;
  const OPTIONS = [`--delay=${DELAY}`, '--greylist-text=%s', '--allow-test-time', '--quiet'];
  const begin = Math.floor(Date.now() / 1000);

  test('all that was answered before is in the copy, and a greyd on it answers as the first', async () => {
    const dbdir = await filledDirectory(TRIPLETS);
    const daemon = await Daemon.start(OPTIONS, { dbdir });
    const answered: string[] = [];
    const unexpected: string[] = [];
    let isOver = false;
    let slowest = 0;
    const work = Array.from({ length: CONNECTIONS }, async (_, connection) => {
      const client = await daemon.connect();
      for (let mail = 0; !isOver; mail += 1) {
        const sender = `s${connection}x${mail}@example.net`;
        const asked = performance.now();
        const action = await client.ask({ sender, policy_test_time: begin });
        slowest = Math.max(slowest, performance.now() - asked);
        if (action === `DEFER_IF_PERMIT 4.2.0 ${DELAY}`) answered.push(sender);
        else unexpected.push(action);
      }
      client.close();
    });
    const folder = temporaryDirectory();
    const copy = join(folder, 'copy');
    while (answered.length < CONNECTIONS * 10) await daemon.ask();
    const before = answered.length;
    const outcome = await greyctl(['backup', `--dbdir=${dbdir}`, copy]);
    const during = answered.length - before;
    const check = await greyctl(['check', `--dbdir=${dbdir}`]);
    isOver = true;
    await Promise.all(work);
    console.info(`backup of ${TRIPLETS} records: ${during} answers meanwhile, the slowest in ${slowest} ms`);

    expect(unexpected).toEqual([]);
    expect(during).toBeGreaterThan(CONNECTIONS);
    expect(outcome).toMatchObject({ status: 0, stdout: '' });
    const [, triplets] =
      /^greyctl: copied (\d+) triplets and 0 clients, (\d+) bytes\n$/.exec(outcome.stderr) ?? [];
    expect(Number(triplets)).toBeGreaterThanOrEqual(TRIPLETS + before);
    expect(check).toEqual({ status: 0, stdout: expect.stringMatching(/^ok: .*\n$/), stderr: '' });
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['copy']);
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expect(readdirSync(dbdir).sort()).toEqual(['greyd.db', 'greyd.db-shm', 'greyd.db-wal']);

    const restored = temporaryDirectory();
    await copyFile(copy, join(restored, 'greyd.db'));
    const second = await Daemon.start(OPTIONS, { dbdir: restored });
    const client = await second.connect();
    const later = 10;
    const answers = new Set<string>();
    for (const sender of answered.slice(0, before))
      answers.add(await client.ask({ sender, policy_test_time: begin + later }));
    expect([...answers]).toEqual([`DEFER_IF_PERMIT 4.2.0 ${DELAY - later}`]);
    client.close();
  });
});

test('- writes the same to standard output', async () => {
  const dbdir = await filledDirectory(10);
  const copy = join(temporaryDirectory(), 'copy');
  writeFileSync(
    copy,
    execFileSync(process.execPath, [GREYCTL, 'backup', `--dbdir=${dbdir}`, '-'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const file = new Database(copy, { readonly: true });
  onTestFinished(() => void file.close());
  expect(file.prepare('SELECT count(*) FROM triplets').pluck().get()).toBe(10);
});

test('a file that is there already is not touched', async () => {
  const dbdir = await filledDirectory(1);
  const folder = temporaryDirectory();
  const copy = join(folder, 'copy');
  const backup = () => greyctl(['backup', `--dbdir=${dbdir}`, copy]);
  writeFileSync(copy, 'mine');
  expect(await backup()).toEqual({ status: 1, stdout: '', stderr: `greyctl: ${copy} exists already\n` });
  expect(readFileSync(copy, 'utf8')).toBe('mine');

  writeFileSync(`${copy}2.part`, 'unfinished');
  const second = await greyctl(['backup', `--dbdir=${dbdir}`, `${copy}2`]);
  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(/^greyctl: .*copy2\.part exists: .*\n$/);
  expect(readdirSync(folder).sort()).toEqual(['copy', 'copy2.part']);
});

test.each([
  ['there is no database', [], (dbdir: string) => `there is no database in ${dbdir}, see --dbdir`],
  [
    'the database is none',
    ['greyd.db'],
    (dbdir: string) => `cannot copy ${dbdir}/greyd.db: file is not a database, see greyctl check`,
  ],
])('%s: one line, and no file', async (_, files, message) => {
  const [dbdir, folder] = [temporaryDirectory(), temporaryDirectory()];
  for (const name of files) writeFileSync(join(dbdir, name), 'no database'.repeat(1000), { mode: 0o600 });
  const outcome = await greyctl(['backup', `--dbdir=${dbdir}`, join(folder, 'copy')]);
  expect(outcome).toEqual({ status: 1, stdout: '', stderr: `greyctl: ${message(dbdir)}\n` });
  expect(readdirSync(folder)).toEqual([]);
  expect(readdirSync(dbdir)).toEqual(files);
});

test.each([[[]], [['a', 'b']]])('%j: one file is expected', async (words) => {
  const { status, stderr } = await greyctl(['backup', ...words]);
  expect([status, stderr]).toEqual([
    2,
    expect.stringMatching(
      /^greyctl: (missing argument|unexpected argument 'b'); expected one FILE to write, .*\n$/,
    ),
  ]);
});

test('what a backup has left that was killed, the next one removes', async () => {
  const dbdir = await filledDirectory(10_000);
  const backup = spawn(process.execPath, [GREYCTL, 'backup', `--dbdir=${dbdir}`, '-'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // It cannot go on before somebody reads.
  await once(backup.stdout, 'readable');
  backup.kill('SIGKILL');
  await once(backup, 'exit');
  backup.stdout.destroy();
  expect(readdirSync(dbdir)).toContainEqual(expect.stringMatching(`^backup-${backup.pid}-`));
  expect((await greyctl(['backup', `--dbdir=${dbdir}`, join(temporaryDirectory(), 'copy')])).status).toBe(0);
  expect(readdirSync(dbdir).filter((name) => name.startsWith('backup-'))).toEqual([]);
});

describe.skipIf(!canRun('backup as root', { root: true }))('as root', () => {
  test('the file is root’s, where greyd may not go, and nothing of root’s is left beside the database', async () => {
    const folder = temporaryDirectory();
    execFileSync('chmod', ['755', folder]);
    const [dbdir, safe] = [join(folder, 'db'), join(folder, 'safe')];
    mkdirSync(safe, { mode: 0o700 });
    mkdirSync(dbdir, { mode: 0o700 });
    await copyFile(join(await filledDirectory(10), 'greyd.db'), join(dbdir, 'greyd.db'));
    for (const path of [dbdir, join(dbdir, 'greyd.db')]) chownSync(path, NOBODY, NOBODY);
    expect((await greyctl(['backup', `--dbdir=${dbdir}`, join(safe, 'copy')])).status).toBe(0);
    expect(statSync(join(safe, 'copy'))).toMatchObject({ uid: 0, mode: 0o100600 });
    expect(readdirSync(dbdir).map((name) => statSync(join(dbdir, name)).uid)).not.toContain(0);
  });
});

describe.skipIf(!canRun('backup on full disks', { ...OWN_MOUNTS_NEED, programs: ['nsenter'] }))(
  'full',
  () => {
    /** Room for the database and its -wal, and less than two copies beside them. */
    const DBDIR_KIB = 640;
    const PLACE_KIB = 16;

    test('disks leave no file and an unharmed greyd', async () => {
      const [dbdir, place] = [temporaryDirectory(), temporaryDirectory()];
      const mounts = `mount -t tmpfs -o size=${DBDIR_KIB}k greyd-test '${dbdir}' && mount -t tmpfs -o size=${PLACE_KIB}k greyd-test '${place}' && exec "$@"`;
      const daemon = await Daemon.start([], {
        dbdir,
        launcher: ['unshare', '--mount', 'sh', '-c', mounts, 'sh'],
      });
      const inside = (...words: string[]) =>
        runAs('nsenter', ['--mount', `--target=${daemon.pid}`, ...words]);
      const backup = (to: string) => inside(process.execPath, GREYCTL, 'backup', `--dbdir=${dbdir}`, to);
      const client = await daemon.connect();
      expect(await client.ask()).toMatch(/^DEFER/);

      expect(await backup(join(place, 'copy'))).toEqual([
        1,
        'greyctl: ENOSPC: no space left on device, write\n',
      ]);
      expect(await inside('ls', '-A', place)).toEqual([0, '']);
      expect(await client.ask({ sender: 'after@example.net' })).toMatch(/^DEFER/);

      /** Leaves so many bytes free beside the database. */
      const leaveFree = async (bytes: number) => {
        const ballast = `${dbdir}/ballast`;
        const free = `$(df --output=avail -B1 '${dbdir}' | tail -n1)`;
        const script = `rm -f '${ballast}' && head -c $((${free} - ${bytes})) /dev/zero > '${ballast}'`;
        expect(await inside('sh', '-c', script)).toEqual([0, '']);
      };
      await leaveFree(32768);
      const elsewhere = join(temporaryDirectory(), 'copy');
      const [status, text] = await backup(elsewhere);
      expect(status).toBe(1);
      const tooLittle =
        /^greyctl: cannot copy \S+: not enough space in \S+: \d+ bytes free, a backup needs (\d+)\n$/;
      expect(text).toMatch(tooLittle);
      const twoCopies = Number(tooLittle.exec(text)?.[1]);
      expect(existsSync(elsewhere) || existsSync(`${elsewhere}.part`)).toBe(false);

      // Room for two copies is enough if the file is elsewhere, and not if it is a third one beside them.
      await leaveFree(twoCopies * 1.25);
      const [, beside] = await backup(join(dbdir, 'copy'));
      expect(tooLittle.exec(beside)?.[1]).toBe(String(twoCopies * 1.5));
      expect(await backup(elsewhere)).toEqual([0, expect.stringContaining('copied 2 triplets')]);
      const [, names] = await inside('ls', dbdir);
      expect(names).not.toContain('copy');
      expect(names).not.toContain('backup-');
      expect(await client.ask({ sender: 'later@example.net' })).toMatch(/^DEFER/);
      expect(daemon.log).not.toMatch(/fail|full/);
      client.close();
    });
  },
);

/** @returns the exit status, and what it printed */
async function runAs(command: string, words: readonly string[]): Promise<[status: number, text: string]> {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  const [status] = await once(child, 'close');
  return [status, text];
}
