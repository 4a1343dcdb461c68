/**
 * greyctl over a shared store, while a daemon uses it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { entriesOf, openBeside, SHARED_STORE_NEEDS, startDaemon } from '../shared-store/shared-daemons.ts';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { GREYCTL, greyctl } from '../support/greyctl.ts';
import { RedisServer } from '../support/redis.ts';
import { canRun } from '../support/requirements.ts';

const canTest = canRun('greyctl over a shared store', SHARED_STORE_NEEDS);

const DELAY = 300;
/** The output of db_dump -p: two triplets, of which one has passed, and a client. */
const DUMP = `VERSION=3
format=print
type=btree
HEADER=END
 192.0.2.0/alice@example.net/bob@example.org
 1700000000,1700000400
 192.0.2.0/carol@example.net/bob@example.org
 1700000000,1700000000
 198.51.100.7
 5,1700000000
DATA=END
`;
const LISTED = {
  triplets: [
    '192.0.2.0\talice@example.net\tbob@example.org\t2023-11-14T22:13:20Z\t2023-11-14T22:20:00Z\texpired',
    '192.0.2.0\tcarol@example.net\tbob@example.org\t2023-11-14T22:13:20Z\t2023-11-14T22:13:20Z\texpired',
  ],
  clients: ['198.51.100.7\t5\t2023-11-14T22:13:20Z\texpired'],
};

const sortedLines = (text: string) => text.trim().split('\n').sort();

describe.skipIf(!canTest)('over a shared store', () => {
  test('import, list, stats and export see the same records', async () => {
    const { url } = await RedisServer.start();
    const store = `--store=${url}`;
    const early = await greyctl(['import', store, '-'], { input: DUMP });
    expect(early).toMatchObject({ status: 1, stdout: '' });
    expect(early.stderr).toMatch(/^greyctl: no greyd has used this store yet: start greyd with it first/);
    await startDaemon(url);
    const imported = await greyctl(['import', store, '-'], { input: DUMP });
    expect(imported).toMatchObject({ status: 0, stderr: '' });
    expect(imported.stdout).toMatch(/^triplets: 2 read, 2 new.*\nclients: 1 read, 1 new/);

    for (const kind of ['triplets', 'clients'] as const) {
      const listed = await greyctl(['list', store, kind]);
      expect(sortedLines(listed.stdout)).toEqual(LISTED[kind]);
    }
    const years = '--max-age=36500';
    expect((await greyctl(['stats', store, `--delay=${DELAY}`, years, '--retry-window=36500'])).stdout).toBe(
      '  waited    no greylisted mail has passed yet\n' +
        '  triplets  2: 1 passed, 1 waiting, 0 expired\n' +
        '  clients   1: 1 auto-whitelisted, 0 counted, 0 expired\n',
    );
    const exported = await greyctl(['export', store, '--format=postgrey', 'triplets']);
    expect(sortedLines(exported.stdout)).toEqual(
      sortedLines(DUMP.replace(/ 198\.51\.100\.7\n .*\n/, '').replace(/^ /gm, ' ')),
    );
  });

  test('what is decided by all daemons is counted together; explain, pass and forget work', async () => {
    const { url } = await RedisServer.start();
    const [one, other] = [await startDaemon(url), await startDaemon(url)];
    const words = ['client_address=192.0.2.1', 'sender=alice@example.net', 'recipient=bob@example.org'];
    const tell = (command: string, ...options: string[]) =>
      greyctl([command, `--store=${url}`, ...options, ...words]);
    const explain = async () =>
      JSON.parse((await tell('explain', '--json')).stdout) as { reason: string; triplet: object | null };
    expect(await explain()).toMatchObject({ reason: 'new', triplet: null });
    expect(await one.ask()).toMatch(/^DEFER/);
    expect(await explain()).toMatchObject({ triplet: { state: 'waiting' } });
    expect(await tell('pass')).toMatchObject({
      status: 0,
      stdout: 'marked as passed: 192.0.2.0 alice@example.net -> bob@example.org\n',
    });
    expect(await explain()).toMatchObject({ reason: 'triplet found', triplet: { state: 'passed' } });
    expect(await other.ask()).toBe('DUNNO');
    expect((await tell('show')).stdout).toMatch(/state +passed: mail of this triplet passes/);
    expect((await tell('forget')).status).toBe(0);
    expect((await tell('forget')).stdout).toMatch(/^not known: /);
    expect(await other.ask()).toMatch(/^DEFER/);
    for (const daemon of [one, other]) await daemon.stop();
    const { stdout } = await greyctl(['stats', `--store=${url}`, '--json', '--days=0', '--hours=2']);
    const hours = stdout
      .trim()
      .split('\n')
      .slice(0, 2)
      .map((line) => JSON.parse(line).decisions);
    // An hour may end in between.
    const sum = (name: string) => hours.reduce((all, decisions) => all + (decisions[name] ?? 0), 0);
    expect([sum('greylist (new)'), sum('pass (triplet found)')]).toEqual([2, 1]);
  });

  test('the user of docs/several-mx.md may do all that greyd does, and greyctl', async () => {
    const server = await RedisServer.start();
    const rules = /`(~greyd:\* [^`]*)`/.exec(readFileSync('docs/several-mx.md', 'utf8'))?.[1] ?? '';
    expect(server.cli('ACL', 'SETUSER', 'greyd', 'on', '>secret', ...rules.split(' '))).toBe('OK');
    const url = server.url.replace('redis://', 'redis://greyd:secret@');
    const daemon = await startDaemon(url);
    expect(await daemon.ask()).toMatch(/^DEFER/);
    const words = ['client_address=192.0.2.1', 'sender=alice@example.net', 'recipient=bob@example.org'];
    for (const command of ['pass', 'show', 'forget'])
      expect(await greyctl([command, `--store=${url}`, ...words])).toMatchObject({ status: 0 });
    expect(await daemon.ask()).toMatch(/^DEFER/);
    await daemon.stop();
    expect(daemon.log).not.toMatch(/cannot be saved|failed/);
    const stats = await greyctl(['stats', `--store=${url}`, '--json', '--hours=2', '--days=0']);
    expect(stats.stdout).toMatch(/"greylist \(new\)":[12]/);
  });

  test('copy takes records over into it and back, while a daemon answers', async () => {
    const { url } = await RedisServer.start();
    const alone = await Daemon.start();
    const shared = await startDaemon(url);
    const sender = 'known@example.net';
    expect(await alone.ask({ sender })).toMatch(/^DEFER/);

    const there = await greyctl(['copy', `--dbdir=${alone.dbdir}`, `--to=${url}`]);
    expect(there).toMatchObject({ status: 0, stderr: '' });
    expect(there.stdout).toMatch(/^triplets: 1 read, 1 new, /);
    const again = await greyctl(['copy', `--dbdir=${alone.dbdir}`, `--to=${url}`]);
    expect(again.stdout).toMatch(/^triplets: 1 read, 0 new, 0 merged, 1 known already/);
    expect(await shared.ask({ sender })).toMatch(/^DEFER/);
    await shared.ask({ sender: 'second@example.net' });
    const dbdir = temporaryDirectory();
    const back = await greyctl(['copy', `--from=${url}`, `--dbdir=${dbdir}`]);
    expect(back).toMatchObject({ status: 0, stderr: '' });
    expect(back.stdout).toMatch(/^triplets: 2 read, 2 new, /);
    const senders = sortedLines((await greyctl(['list', `--dbdir=${dbdir}`, 'triplets'])).stdout);
    expect(senders.map((line) => line.split('\t')[1])).toEqual([sender, 'second@example.net']);
  });

  test('copy from one shared store to another, with passwords', async () => {
    const [one, other] = [await RedisServer.start(), await RedisServer.start(['--requirepass', 'secret'])];
    const to = other.url.replace('redis://', 'redis://:secret@');
    for (const url of [one.url, to]) await startDaemon(url);
    await greyctl(['import', `--store=${one.url}`, '-'], { input: DUMP });
    const password = join(temporaryDirectory(), 'password');
    writeFileSync(password, 'secret\n');
    const copied = await greyctl(['copy', `--from=${one.url}`, `--to=${to}`]);
    expect(copied).toMatchObject({ status: 0, stderr: '' });
    const file = ['list', `--store=${other.url}`, `--store-password-file=${password}`, 'triplets'];
    expect(sortedLines((await greyctl(file)).stdout)).toEqual(LISTED.triplets);
    const env = { GREYD_STORE_PASSWORD: 'secret' };
    const listed = await greyctl(['list', `--store=${other.url}`, 'clients'], { env });
    expect(sortedLines(listed.stdout)).toEqual(LISTED.clients);
  });

  test('ps shows no password while it works', async () => {
    const { url } = await RedisServer.start(['--requirepass', 'se-cret']);
    const store = url.replace('redis://', 'redis://:se-cret@');
    await startDaemon(store);
    const child = spawn(process.execPath, [GREYCTL, 'import', `--store=${store}`, '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const commandLine = () => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
    await expect.poll(commandLine).toContain('greyctl import --store=redis://:***@');
    expect(commandLine()).not.toContain('se-cret');
    child.stdin.end(DUMP);
    expect(await once(child, 'close')).toEqual([0, null]);
  });

  test('what cannot be done is one line, and the status says so', async () => {
    const server = await RedisServer.start(['--requirepass', 'secret']);
    const outcomes = [
      [['stats', `--store=${server.url}`], 1, /^greyctl: redis:\/\/127.0.0.1:\d+: NOAUTH [^\n]*\n$/],
      [['list', '--store=redis://127.0.0.1:1', 'triplets'], 1, /^greyctl: redis:[^\n]*ECONNREFUSED[^\n]*\n$/],
      [['copy'], 2, /^greyctl: missing --from=URL or --to=URL, or both\n$/],
      [['copy', '--to=db'], 2, /^greyctl: --to=db: write redis:\/\/HOST/],
      [
        ['list', 'everything'],
        2,
        /^greyctl: unexpected argument 'everything'; expected triplets, clients, pools, farms, correspondents, windows, client_address=…, sender=…, recipient=… or client_name=…\n$/,
      ],
      [['stats', '--dbdir=/nowhere'], 1, /^greyctl: there is no database in \/nowhere/],
    ] as const;
    for (const [args, status, stderr] of outcomes) {
      expect(await greyctl(args)).toEqual({ status, stdout: '', stderr: expect.stringMatching(stderr) });
    }
  });

  test('records of --privacy cannot be read, and are imported as the daemon has them', async () => {
    const { url } = await RedisServer.start();
    const daemon = await startDaemon(url, '--privacy');
    const privately = `--dbdir=${daemon.dbdir}`;
    expect((await greyctl(['list', `--store=${url}`, privately, 'triplets'])).stderr).toMatch(/--privacy/);
    const recent = DUMP.replaceAll('1700000000', String(Math.floor(Date.now() / 1000)));
    expect(await greyctl(['import', `--store=${url}`, privately, '-'], { input: recent })).toMatchObject({
      status: 0,
    });
    expect(await daemon.ask({ client_address: '198.51.100.7', sender: 'new@example.net' })).toBe('DUNNO');
    await daemon.logged(/client AWL/);
    // Without the secret of the daemons nothing is to be stored.
    const elsewhere = await greyctl(['import', `--store=${url}`, `--dbdir=${temporaryDirectory()}`, '-'], {
      input: DUMP,
    });
    expect(elsewhere.stderr).toMatch(/the other hosts use another secret for --privacy: copy /);
  });
});

test.skipIf(!canTest)('imported records leave when the daemons would forget them', async () => {
  const server = await RedisServer.start();
  await startDaemon(server.url, '--max-age=3');
  await greyctl(['import', `--store=${server.url}`, '-'], { input: DUMP });
  const store = await openBeside(server.url);
  expect(await entriesOf(store, 'client')).toHaveLength(1);
  const seconds = Number(server.cli('TTL', 'greyd:{198.51}c:198.51.100.7'));
  expect(seconds).toBeGreaterThan(3 * 86_400);
  expect(seconds).toBeLessThan(3 * 86_400 + 120);
});
