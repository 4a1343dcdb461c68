/**
 * A daemon on a shared store, as an administrator sees it.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { greyctl } from '../support/greyctl.ts';
import { freeServerPort } from '../support/ports.ts';
import { Cluster, RedisServer, until } from '../support/redis.ts';
import { canRun } from '../support/requirements.ts';
import { SHARED_STORE_NEEDS, startDaemon } from './shared-daemons.ts';

const canTest = canRun('daemons on a shared store', SHARED_STORE_NEEDS);
const canEncrypt = canRun('TLS', { programs: [...SHARED_STORE_NEEDS.programs, 'openssl'] });

describe.skipIf(!canTest)('a daemon on a shared store', () => {
  test('serves when it is away, says so once, and goes on by itself', async () => {
    const server = await RedisServer.start();
    await server.kill();
    const daemon = await startDaemon(server.url);
    expect(await daemon.ask()).toBe('DUNNO');
    expect(await daemon.ask()).toBe('DUNNO');
    await server.restart();
    await expect.poll(() => daemon.ask().then(() => daemon.log)).toMatch(/store works again/);
    expect(await daemon.ask()).toMatch(/^DEFER/);
    const said = daemon.logLines.filter((line) => line.startsWith('store '));
    expect(said).toEqual([
      expect.stringMatching(/^store failed, mail passes .*: redis:\/\/127.0.0.1:\d+: connect ECONNREFUSED/),
      expect.stringMatching(/^store works again, \d+ requests? passed without greylisting$/),
    ]);
  });

  test.each([
    ['noeviction', 0],
    ['allkeys-lru', 1],
    ['volatile-ttl', 1],
  ])('says once, and greyctl check says, what maxmemory-policy %s does', async (policy, count) => {
    const server = await RedisServer.start(['--maxmemory', '100mb', '--maxmemory-policy', policy]);
    const daemon = await startDaemon(server.url);
    expect(await daemon.ask()).toMatch(/^DEFER/);
    server.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await expect.poll(() => daemon.ask({ sender: 'again@example.net' })).toMatch(/^DEFER/);
    const text = `the store has maxmemory-policy ${policy}: when its memory is full it drops records, and mail is greylisted again; set it to noeviction`;
    expect(daemon.logLines.filter((line) => line.includes('maxmemory'))).toEqual(new Array(count).fill(text));
    const outcome = await greyctl(['check', `--store=${server.url}`, `--dbdir=${daemon.dbdir}`]);
    expect(outcome).toEqual(
      count === 0
        ? { status: 0, stdout: 'ok: the shared store can be used\n', stderr: '' }
        : { status: 1, stdout: `${text}\n`, stderr: '' },
    );
  });

  test('a password shows nowhere', async () => {
    const server = await RedisServer.start(['--requirepass', 'se-cret']);
    const daemon = await startDaemon(server.url.replace('//', '//:se-cret@'), '--verbose');
    expect(await daemon.ask()).toMatch(/^DEFER/);
    server.cli('-a', 'se-cret', 'CONFIG', 'SET', 'requirepass', 'other');
    server.cli('-a', 'other', 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await expect.poll(() => daemon.ask({ sender: 'new@example.net' })).toBe('DUNNO');
    await daemon.logged(/store failed/);
    const commandLine = readFileSync(`/proc/${daemon.pid}/cmdline`, 'utf8');
    expect(commandLine).toContain('//:***@127.0.0.1');
    expect(commandLine + daemon.log).not.toContain('se-cret');
    await expect.poll(() => daemon.ask().then(() => daemon.log)).toMatch(/WRONGPASS|Socket closed/);
    expect(daemon.log).not.toContain('se-cret');
  });

  test('ends within its time when the server stands still', async () => {
    const server = await RedisServer.start();
    const daemon = await startDaemon(server.url, '--store-timeout=1');
    server.signal('SIGSTOP');
    expect(await daemon.ask()).toBe('DUNNO');
    const begin = performance.now();
    await daemon.stop();
    expect(performance.now() - begin).toBeLessThan(5000);
    server.signal('SIGCONT');
  });
});

describe.skipIf(!canTest)('what says how records are kept', () => {
  test.each(['null', '5', '[]', '{"privacy":false}', 'no JSON'])(
    '%s is none, and is replaced',
    async (text) => {
      const server = await RedisServer.start();
      server.cli('SET', 'greyd:settings', text);
      const daemon = await startDaemon(server.url);
      expect(await daemon.ask()).toMatch(/^DEFER/);
      expect(daemon.logLines).not.toContainEqual(expect.stringMatching(/store/));
      expect(JSON.parse(server.cli('GET', 'greyd:settings'))).toMatchObject({ privacy: false, delay: 300 });
    },
  );

  test('hosts with other times are told', async () => {
    const { url } = await RedisServer.start();
    await startDaemon(url);
    const other = await startDaemon(url, '--delay=60');
    await other.logged(/the store was used with another --delay, .* use the same values on all hosts/);
  });
});

test.skipIf(!canTest)('a slot of a Cluster that has moved while the store had failed is found', async () => {
  const cluster = await Cluster.start(1);
  const daemon = await startDaemon(cluster.url, '--store-timeout=1', '--store-replicas=1');
  const has = (server: RedisServer, key: string) => !server.cli('GET', key).startsWith('MOVED');
  // The server that a check is saved on, a client whose records are there too, and its replica.
  const owner = cluster.primaries.find((one) => has(one, 'greyd:check'));
  if (owner === undefined) throw new Error('nobody has the slot');
  const first = Array.from({ length: 200 }, (_, number) => number).find((number) =>
    has(owner, `{${number}.0}`),
  );
  const client_address = `${first}.0.2.1`;
  const [, port] = /^slave0:ip=[^,]*,port=(\d+)/m.exec(owner.cli('INFO', 'replication')) ?? [];
  const replica = cluster.servers.find((one) => String(one.port) === port);
  let mails = 0;
  const ask = () => {
    mails += 1;
    return daemon.ask({ client_address, sender: `s${mails}@example.net` });
  };
  expect(await ask()).toMatch(/^DEFER/);

  replica?.signal('SIGSTOP');
  await expect.poll(ask).toBe('DUNNO');
  replica?.signal('SIGCONT');
  await until(() => owner.onlineReplicas === 1);
  await expect.poll(() => replica?.cli('CLUSTER', 'FAILOVER')).toBe('OK');
  await until(() => replica?.isPrimary === true && replica.onlineReplicas === 1);
  await expect.poll(ask).toMatch(/^DEFER/);
});

describe.skipIf(!canTest)('--privacy on several hosts', () => {
  test('with one secret they know the same, with another mail passes and the log says what to do', async () => {
    const server = await RedisServer.start();
    const { url } = server;
    const one = await startDaemon(url, '--privacy');
    expect(await one.ask()).toMatch(/^DEFER/);

    const dbdir = temporaryDirectory();
    copyFileSync(join(one.dbdir, 'greyd.secret'), join(dbdir, 'greyd.secret'));
    const same = await Daemon.start([`--store=${url}`, '--privacy'], { dbdir });
    expect(await same.ask()).toMatch(/^DEFER/);
    expect(server.cli('KEYS', 'greyd:{private}t:*').split('\n')).toHaveLength(1);

    const other = await startDaemon(url, '--privacy');
    expect(await other.ask()).toBe('DUNNO');
    expect(other.log).toMatch(
      /store failed.*the other hosts use another secret for --privacy: copy .*greyd\.secret/,
    );
  });

  test('one host with it and one without is told', async () => {
    const { url } = await RedisServer.start();
    await startDaemon(url);
    const other = await startDaemon(url, '--privacy');
    await other.logged(/the store was used without --privacy: .* use the same setting on all hosts/);
  });
});

test.skipIf(!canEncrypt)('TLS, with an authority of its own', async () => {
  const folder = temporaryDirectory();
  const [key, certificate] = [join(folder, 'key'), join(folder, 'certificate')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      '-days',
      '2',
      ...subject,
    ],
    { stdio: 'ignore' },
  );
  const port = await freeServerPort();
  await RedisServer.start([
    ...['--tls-port', String(port), '--tls-auth-clients', 'no'],
    ...['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate],
  ]);
  const url = `rediss://127.0.0.1:${port}`;
  const daemon = await startDaemon(url, `--store-ca-file=${certificate}`);
  expect(await daemon.ask()).toMatch(/^DEFER/);

  const trusting = await startDaemon(url);
  expect(await trusting.ask()).toBe('DUNNO');
  expect(trusting.log).toMatch(/store failed.*self-signed certificate/);

  writeFileSync(join(folder, 'plain'), 'no certificate');
  const wrong = await startDaemon(url, `--store-ca-file=${join(folder, 'plain')}`);
  expect(await wrong.ask()).toBe('DUNNO');
});
