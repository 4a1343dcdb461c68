/**
 * --metrics of a real greyd: what it counts, whether it is well, and that it is in nobody's way.
 */
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MeasuredGreyd } from '../metrics/real-greyd.ts';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { requestText } from '../support/policy-client.ts';
import { RedisServer } from '../support/redis.ts';
import { canRun } from '../support/requirements.ts';

const NOW = 1_700_000_000;

test('every request is counted, by what was decided, how long it took and how long it waited', async () => {
  const folder = temporaryDirectory();
  const list = join(folder, 'clients');
  writeFileSync(list, 'friend.example\n');
  const greyd = await MeasuredGreyd.start(['--allow-test-time', `--whitelist-clients=${list}`]);
  const { daemon } = greyd;
  const before = await greyd.samples();
  const decisions = [...before].filter(([name]) => name.startsWith('greyd_decisions_total'));
  expect(decisions.length).toBeGreaterThan(8);
  expect(decisions.filter(([, value]) => value !== 0)).toEqual([]);

  const client = await daemon.connect();
  await client.ask({ policy_test_time: NOW });
  await client.ask({ policy_test_time: NOW + 10 });
  await client.ask({ policy_test_time: NOW + 310 });
  await client.ask({ policy_test_time: NOW + 320 });
  await client.ask({ sender: 'other@example.net', policy_test_time: NOW });
  await client.ask({ client_name: 'mx.friend.example' });
  await client.ask({ client_address: 'nobody' });

  const samples = await greyd.samples();
  const changed = [...samples].filter(
    ([name, value]) =>
      before.get(name) !== value &&
      !/^process_|_duration_seconds_(?:bucket|sum)|_delay_seconds_bucket/.test(name),
  );
  expect(Object.fromEntries(changed)).toEqual({
    'greyd_decisions_total{action="greylist",reason="new"}': 2,
    'greyd_decisions_total{action="greylist",reason="early-retry"}': 1,
    'greyd_decisions_total{action="pass",reason="triplet found"}': 2,
    'greyd_decisions_total{action="pass",reason="client whitelist"}': 1,
    'greyd_decisions_total{action="fail open",reason="bad request"}': 1,
    greyd_request_duration_seconds_count: 7,
    greyd_store_duration_seconds_count: 5,
    greyd_delay_seconds_count: 1,
    greyd_delay_seconds_sum: 310,
    greyd_connections: 1,
    greyd_connections_accepted_total: 1,
    'greyd_records{kind="triplet"}': 2,
    'greyd_records{kind="client"}': 1,
  });
  expect(samples.get('greyd_delay_seconds_bucket{le="300"}')).toBe(0);
  expect(samples.get('greyd_delay_seconds_bucket{le="360"}')).toBe(1);
  expect(samples.get('greyd_whitelist_patterns{list="clients"}')).toBe(1);
  expect(samples.get('greyd_connections_limit')).toBe(10_000);
});

test('no label holds anything of a request, and --privacy has no less to show', async () => {
  const greyd = await MeasuredGreyd.start(['--privacy']);
  await greyd.daemon.ask();
  const { text } = await greyd.get('/metrics');
  expect(text).toContain('greyd_records{kind="triplet"} 1\n');
  expect(text).not.toMatch(/alice|bob|example|192\.0\.2/);
});

test('a reload of the whitelists shows, and so does one that has failed', async () => {
  const list = join(temporaryDirectory(), 'clients');
  writeFileSync(list, 'a.example\n');
  const greyd = await MeasuredGreyd.start(['--verbose', `--whitelist-clients=${list}`]);
  const state = async () => {
    const samples = await greyd.samples();
    return [
      samples.get('greyd_whitelist_reload_success'),
      samples.get('greyd_whitelist_patterns{list="clients"}'),
    ];
  };
  expect(await state()).toEqual([1, 1]);
  renameSync(list, `${list}.away`);
  greyd.daemon.kill('SIGHUP');
  await greyd.daemon.logged(/the client whitelist stays as it was\nwhitelists: /);
  expect(await state()).toEqual([0, 1]);
  writeFileSync(list, 'a.example\nb.example\n');
  greyd.daemon.kill('SIGHUP');
  await greyd.daemon.logged(/whitelists: 2 client/);
  expect(await state()).toEqual([1, 2]);
  expect((await greyd.samples()).get('greyd_whitelist_reload_timestamp_seconds')).toBeGreaterThan(NOW);
});

test('/healthz is about the store: why it takes no writes, and ok when it does', async () => {
  const dbdir = temporaryDirectory();
  const inTheWay = join(dbdir, 'greyd.db');
  mkdirSync(inTheWay);
  const greyd = await MeasuredGreyd.start([], { dbdir });
  const up = async () => {
    const samples = await greyd.samples();
    return [samples.get('greyd_store_up'), samples.get('greyd_store_failures_total')];
  };
  expect(await greyd.get('/healthz')).toEqual({
    status: 503,
    text: `cannot open the database ${inTheWay}: unable to open database file\n`,
  });
  expect(await up()).toEqual([0, 1]);
  expect((await greyd.samples()).has('greyd_records{kind="triplet"}')).toBe(false);
  rmdirSync(inTheWay);
  await expect.poll(() => greyd.get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
  // This takes a second without a failure.
  await expect.poll(async () => (await greyd.get('/healthz')) && up()).toEqual([1, 1]);
  expect(await greyd.daemon.ask()).toMatch(/^DEFER/);
});

describe.skipIf(!canRun('metrics of a shared store', { programs: ['redis-server'] }))(
  'on a shared store',
  () => {
    test('records are left out, and /healthz tells no password', async () => {
      const server = await RedisServer.start(['--requirepass', 'se-cret']);
      const url = server.url.replace('//', '//:se-cret@');
      const greyd = await MeasuredGreyd.start([`--store=${url}`]);
      expect(await greyd.daemon.ask()).toMatch(/^DEFER/);
      expect(await greyd.get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
      const names = [...(await greyd.samples()).keys()];
      expect(names.filter((name) => /^greyd_(?:records|cleaning)/.test(name))).toEqual([]);
      await server.kill();
      await expect.poll(() => greyd.get('/healthz')).toMatchObject({ status: 503 });
      const { text } = await greyd.get('/healthz');
      expect(text).toMatch(/^redis:\/\/127\.0\.0\.1:\d+: .+\n$/);
      expect(text).not.toContain('se-cret');
    });

    test('while its server stands still, metrics are there, and probes wait no longer than mail', async () => {
      const server = await RedisServer.start();
      const greyd = await MeasuredGreyd.start([`--store=${server.url}`, '--store-timeout=1']);
      server.signal('SIGSTOP');
      onTestFinished(() => server.signal('SIGCONT'));
      const probes = await Promise.all([1, 2, 3].map(() => greyd.get('/healthz')));
      const late = { status: 503, text: 'no answer within 1 s (--store-timeout)\n' };
      expect(probes).toEqual([late, late, late]);
      expect((await greyd.samples()).get('greyd_store_up')).toBe(0);
    });
  },
);

describe('it is in nobody’s way', () => {
  test('where it cannot listen greyd serves without it, and says so', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    for (const place of [`127.0.0.1:${port}`, '192.0.2.99:9760']) {
      const daemon = await Daemon.start([`--metrics=${place}`]);
      expect(daemon.log).toMatch(
        new RegExp(
          `^--metrics: cannot listen on ${place}: (the port is in use by|this host has no such address)[^\\n]*; no metrics until greyd is restarted$`,
          'm',
        ),
      );
      expect(await daemon.ask()).toMatch(/^DEFER/);
      expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    }
  });

  test('greyd ends at once, with clients connected', async () => {
    const greyd = await MeasuredGreyd.start();
    const { daemon } = greyd;
    const [, port] = /metrics on .*:(\d+)$/m.exec(daemon.log) ?? [];
    const half = connect(Number(port), '127.0.0.1');
    onTestFinished(() => void half.destroy());
    half.on('error', () => {});
    const closed = new Promise((resolve) => half.once('close', resolve));
    half.write('GET /metrics HTTP/1.1\r\nX-Half:');
    await greyd.page();
    // A mail server asks in these moments, and has its answer.
    const client = await daemon.connect();
    daemon.kill('SIGTERM');
    await closed;
    client.send(requestText());
    expect(await client.reply()).toMatch(/^DEFER/);
    expect(await daemon.exited).toEqual({ status: 0, signal: null });
    expect(daemon.logLines.at(-1)).toMatch(/^SIGTERM received: stopping after 1 request: /);
  });
});
