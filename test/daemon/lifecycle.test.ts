/**
 * Starting, listening, stopping: the daemon as its service manager and its clients see it.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Daemon, runGreyd, temporaryDirectory } from '../support/daemon.ts';
import { PolicyClient, requestText } from '../support/policy-client.ts';
import { freePort } from '../support/ports.ts';
import { canRun } from '../support/requirements.ts';

const GREYLISTED = /^DEFER_IF_PERMIT /;
/** Moments of greyd's start, evenly spread, at which it gets a signal. */
const SIGNAL_MOMENTS = 25;

/** A server of our own on a port or path, closed after the test. @returns its port */
async function occupy(where: { host: string; port: number } | { path: string }): Promise<number> {
  const server: Server = createServer().listen(where);
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The names of the files that a process has open. */
function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))];
    } catch {
      return [];
    }
  });
}

/** Waits until something listens on a unix socket. */
async function connectable(path: string): Promise<void> {
  for (;;) {
    const isThere = await PolicyClient.connect({ path }).then(
      (client) => {
        client.close();
        return true;
      },
      () => false,
    );
    if (isThere) return;
  }
}

describe('listening', () => {
  test('a port alone is both loopback addresses, and no other', async () => {
    const daemon = await Daemon.start([], { listen: ['--inet=0'] });
    const ports = [...daemon.log.matchAll(/(127\.0\.0\.1|\[::1\]):(\d+)/g)].map(([, host, port]) => ({
      host: host === '[::1]' ? '::1' : '127.0.0.1',
      port: Number(port),
    }));
    expect(ports.map(({ host }) => host)).toEqual(['127.0.0.1', '::1']);
    for (const where of ports) {
      const client = await PolicyClient.connect(where);
      expect(await client.ask()).toMatch(GREYLISTED);
      client.close();
    }
    await expect(PolicyClient.connect({ host: '127.0.0.2', port: ports[0]?.port ?? 0 })).rejects.toThrow(
      'ECONNREFUSED',
    );
  });

  test('a unix socket has its mode, replaces a stale one, and is removed at exit; TCP beside it works', async () => {
    const path = join(temporaryDirectory(), 'socket');
    const listen = [`--unix=${path}`, '--socketmode=0660', '--inet=127.0.0.1:0'];
    const killed = await Daemon.start([], { listen });
    await killed.stop('SIGKILL');
    expect(statSync(path).isSocket()).toBe(true);

    const daemon = await Daemon.start([], { listen });
    expect(statSync(path).mode & 0o777).toBe(0o660);
    const client = await PolicyClient.connect({ path });
    expect(await client.ask()).toMatch(GREYLISTED);
    expect(await daemon.ask()).toMatch(GREYLISTED);
    client.close();
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expect(existsSync(path)).toBe(false);
  });

  test('--socketmode is 0666 unless it is given', async () => {
    const path = join(temporaryDirectory(), 'socket');
    await Daemon.start([], { listen: [`--unix=${path}`] });
    expect(statSync(path).mode & 0o777).toBe(0o666);
  });

  test.skipIf(!canRun('socket activation test', { programs: ['systemd-socket-activate'] }))(
    'sockets of the service manager are taken over',
    async () => {
      const path = join(temporaryDirectory(), 'socket');
      const daemon = Daemon.launch([], {
        listen: [],
        launcher: ['systemd-socket-activate', `--listen=${path}`],
      });
      await daemon.logged(/^Listening on /m);
      // systemd starts the daemon at the first connection, which waits in the socket's queue until then.
      const client = await PolicyClient.connect({ path });
      expect(await client.ask()).toMatch(GREYLISTED);
      await daemon.serving();
      expect(daemon.log).toContain(`listening on ${path}\n`);
      expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    },
  );

  test.skipIf(!canRun('socket activation test', { programs: ['systemd-socket-activate'] }))(
    'several sockets of the service manager, beside options that name them and options that do not',
    async () => {
      const folder = temporaryDirectory();
      const [inherited, own] = [join(folder, 'inherited'), join(folder, 'own')];
      const inet = `127.0.0.1:${await freePort()}`;
      const args = [`--inet=${inet}`, `--unix=${inherited}`];
      const launcher = ['systemd-socket-activate', `--listen=${inet}`, `--listen=${inherited}`];
      const daemon = Daemon.launch(args, { listen: [], launcher });
      await daemon.logged(/^Listening on .*\nListening on /m);
      const port = Number(inet.split(':')[1]);
      const first = await PolicyClient.connect({ host: '127.0.0.1', port });
      const second = await PolicyClient.connect({ path: inherited });
      expect([await first.ask(), await second.ask()]).toEqual([
        expect.stringMatching(GREYLISTED),
        expect.stringMatching(GREYLISTED),
      ]);
      await daemon.serving();
      expect(daemon.logLines).toContainEqual(
        expect.stringMatching(new RegExp(`listening on ${inet}, ${inherited}$`)),
      );
      expect(await daemon.stop()).toEqual({ status: 0, signal: null });
      // The socket is not greyd's to remove.
      expect(existsSync(inherited)).toBe(true);

      const other = `127.0.0.1:${await freePort()}`;
      const wide = `0.0.0.0:${port}`;
      const beside = Daemon.launch([`--inet=${other}`, `--unix=${own}`], {
        listen: [],
        launcher: ['systemd-socket-activate', `--listen=${wide}`],
      });
      await beside.logged(/^Listening on /m);
      const wake = await PolicyClient.connect({ host: '127.0.0.1', port });
      expect(await wake.ask()).toMatch(GREYLISTED);
      await beside.serving();
      expect(beside.log).toContain(`listening on ${wide}, ${other}, ${own}\n`);
    },
  );

  test.skipIf(!canRun('queue size test', { programs: ['ss'] }))(
    '--listen-queue-size bounds the connections that wait',
    async () => {
      const daemon = await Daemon.start(['--listen-queue-size=7']);
      const line = execFileSync('ss', ['-ltnH', `sport = :${daemon.port}`], { encoding: 'utf8' });
      // State, Recv-Q, Send-Q: for a listening socket Send-Q is the queue's size.
      expect(line.split(/\s+/)[2]).toBe('7');
    },
  );
});

describe('an endpoint that cannot be opened is one line and an exit status', () => {
  const dbdir = '--dbdir=/nonexistent';

  test('a busy port: says how to find who has it; a restart may help', async () => {
    const port = await occupy({ host: '127.0.0.1', port: 0 });
    const { status, stderr } = await runGreyd([`--inet=127.0.0.1:${port}`, dbdir]);
    expect(status).toBe(1);
    expect(stderr).toBe(
      `greyd: cannot listen on 127.0.0.1:${port}: the port is in use by another greyd or postgrey or by an outgoing connection; ` +
        `\`ss -tanp 'sport = :${port}'\` shows by which (ports from 32768 on can be reserved with net.ipv4.ip_local_reserved_ports)\n`,
    );
  });

  test('an address of another host', async () => {
    const { status, stderr } = await runGreyd(['--inet=192.0.2.1:60000', dbdir]);
    expect([status, stderr]).toEqual([
      1,
      'greyd: cannot listen on 192.0.2.1:60000: this host has no such address\n',
    ]);
  });

  test('a file that is no socket is kept', async () => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, 'precious');
    const { status, stderr } = await runGreyd([`--unix=${path}`, dbdir]);
    expect([status, stderr]).toEqual([
      2,
      `greyd: --unix=${path}: a file that is no socket exists there; remove it or choose another path\n`,
    ]);
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('a socket on which another program listens is kept', async () => {
    const path = join(temporaryDirectory(), 'socket');
    await occupy({ path });
    const { status, stderr } = await runGreyd([`--unix=${path}`, dbdir]);
    expect([status, stderr]).toEqual([
      1,
      `greyd: --unix=${path}: another program is listening there; stop it first\n`,
    ]);
    expect(existsSync(path)).toBe(true);
  });

  test('a folder that does not exist, or a path that is too long', async () => {
    const path = join(temporaryDirectory(), 'none', 'socket');
    const missing = await runGreyd([`--unix=${path}`, dbdir]);
    expect(missing).toMatchObject({
      status: 1,
      stderr: `greyd: --unix=${path}: the directory does not exist; create it, writable for greyd's account\n`,
    });
    const long = await runGreyd([`--unix=/tmp/${'x'.repeat(120)}`, dbdir]);
    expect(long).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the path is longer than 107 bytes'),
    });
  });

  test('one of several leaves none open', async () => {
    const path = join(temporaryDirectory(), 'socket');
    const { status } = await runGreyd([`--unix=${path}`, '--inet=192.0.2.1:60000', dbdir]);
    expect(status).toBe(1);
    expect(existsSync(path)).toBe(false);
  });
});

describe('starting', () => {
  test('a wrong option is one line and status 2, before anything is opened', async () => {
    const dbdir = join(temporaryDirectory(), 'db');
    const { status, stdout, stderr } = await runGreyd(['--inet=0', `--dbdir=${dbdir}`, '--delay=soon']);
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: 'greyd: --delay=soon: write a whole number of seconds\n',
    });
    expect(existsSync(dbdir)).toBe(false);
  });

  test.each([
    ['--delay=\x1b[2J\nsoon', 'greyd: --delay=\\u001b[2J soon: write a whole number of seconds\n'],
    [
      '--unix=/nonexistent\x1b[2J\n/socket',
      expect.stringMatching(/^greyd: --unix=\/nonexistent\\u001b\[2J\\u000a\/socket: .+\n$/),
    ],
  ])('what is wrong is told in one printable line: %j', async (option, stderr) => {
    expect((await runGreyd([option])).stderr).toEqual(stderr);
  });

  test('a SIGHUP before the whitelists are read ends nothing and is not forgotten', async () => {
    const folder = temporaryDirectory();
    const fifo = join(folder, 'whitelist');
    execFileSync('mkfifo', [fifo]);
    const daemon = Daemon.launch(['--verbose', `--whitelist-clients=${fifo}`]);
    const first = await open(fifo, 'w');
    daemon.kill('SIGHUP');
    await first.close();
    await daemon.logged(/^whitelists: 0 client /m);
    const second = await open(fifo, 'w');
    await second.writeFile('example.net\n');
    await second.close();
    await daemon.serving();
    await daemon.logged(/^HUP received/m);
    await daemon.logged(/^whitelists: 1 client /m);
    expect(await daemon.ask()).toBe('DUNNO');
  });

  test('--version and --help print and end with 0', async () => {
    const version = await runGreyd(['--version']);
    expect(version).toMatchObject({ status: 0, stderr: '' });
    expect(version.stdout).toMatch(/^greyd \d+\.\d+\.\d+\n$/);
    expect(await runGreyd(['--help'])).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Usage: /),
    });
  });

  test('--dbdir is made, for its owner alone', async () => {
    const dbdir = join(temporaryDirectory(), 'a', 'b');
    await Daemon.start([], { dbdir });
    expect(statSync(dbdir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dbdir, 'greyd.db')).mode & 0o777).toBe(0o600);
  });

  test('a database that cannot be opened is one line, and mail passes until it can', async () => {
    const dbdir = temporaryDirectory();
    const inTheWay = join(dbdir, 'greyd.db');
    mkdirSync(inTheWay);
    const daemon = await Daemon.start([], { dbdir });
    expect(await daemon.ask()).toBe('DUNNO');
    expect(daemon.logLines).toEqual([
      `store failed, mail passes without greylisting until it works again: cannot open the database ${inTheWay}: unable to open database file`,
      expect.stringContaining('listening on'),
    ]);
    rmdirSync(inTheWay);
    const client = await daemon.connect();
    while (!daemon.log.includes('store works again')) await client.ask();
    expect(await client.ask()).toMatch(GREYLISTED);
  });

  test('a client that comes before greyd serves is answered as soon as it does', async () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'socket');
    // The daemon waits for a whitelist that nobody writes yet; until then it serves nobody.
    const fifo = join(folder, 'whitelist');
    execFileSync('mkfifo', [fifo]);
    Daemon.launch([`--whitelist-clients=${fifo}`], { listen: [`--unix=${path}`] });
    const writer = await open(fifo, 'w');
    const client = await PolicyClient.connect({ path });
    client.send(requestText());
    await writer.close();
    expect(await client.reply()).toMatch(/^DEFER_IF_PERMIT /);
  });

  test('a database of a newer greyd is left alone, and mail passes', async () => {
    const dbdir = temporaryDirectory();
    const database = new Database(join(dbdir, 'greyd.db'));
    database.pragma('user_version = 99');
    database.close();
    const before = readFileSync(join(dbdir, 'greyd.db'));
    const daemon = await Daemon.start([], { dbdir });
    expect(await daemon.ask()).toBe('DUNNO');
    expect(daemon.log).toContain('has schema version 99');
    await daemon.stop();
    expect(readFileSync(join(dbdir, 'greyd.db'))).toEqual(before);
  });

  test('--hostname defaults to the name of this host', async () => {
    const daemon = await Daemon.start(['--allow-test-time', '--x-greylist-header=X-Greylist: %h']);
    await daemon.ask({ policy_test_time: 1000 });
    expect(await daemon.ask({ policy_test_time: 2000 })).toBe(`PREPEND X-Greylist: ${hostname()}`);
  });

  test('--pidfile holds the process id and is removed at exit', async () => {
    const path = join(temporaryDirectory(), 'pid');
    const daemon = await Daemon.start([`--pidfile=${path}`]);
    expect(readFileSync(path, 'utf8')).toBe(`${daemon.pid}\n`);
    await daemon.stop();
    expect(existsSync(path)).toBe(false);
  });

  test('two stray words and an empty one do not keep it from starting', async () => {
    const daemon = await Daemon.start(['', '--greylist-text=Greylisted,', 'see', 'http://x.example']);
    expect(daemon.logLines.slice(0, 2)).toEqual([
      "ignoring the word 'see' on the command line: it belongs to no option (missing quotes?)",
      "ignoring the word 'http://x.example' on the command line: it belongs to no option (missing quotes?)",
    ]);
    expect(await daemon.ask()).toBe('DEFER_IF_PERMIT 4.2.0 Greylisted,');
  });
});

describe('stopping', () => {
  test('ends with 0 and has answered, though its log goes to a full disk', async () => {
    const path = join(temporaryDirectory(), 'socket');
    const launcher = ['sh', '-c', 'exec "$0" "$@" 2>/dev/full'];
    const daemon = Daemon.launch([], { listen: [`--unix=${path}`], launcher });
    await connectable(path);
    const client = await PolicyClient.connect({ path });
    for (let number = 0; number < 10; number += 1) expect(await client.ask()).toMatch(GREYLISTED);
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
  });

  test('takes less than 5 seconds, even if nobody reads the log or an answer', async () => {
    const folder = temporaryDirectory();
    const [fifo, path] = [join(folder, 'log'), join(folder, 'socket')];
    execFileSync('mkfifo', [fifo]);
    // Open for reading, and never read.
    const reader = openSync(fifo, constants.O_RDWR);
    onTestFinished(() => closeSync(reader));
    const launcher = ['sh', '-c', 'exec "$@" 2>"$0"', fifo];
    const daemon = Daemon.launch([], { listen: [`--unix=${path}`], dbdir: folder, launcher });
    await connectable(path);
    const client = await PolicyClient.connect({ path });
    for (let number = 0; number < 2000; number += 1)
      await client.ask({ sender: `${'x'.repeat(400)}${number}@example.net` });
    const begin = performance.now();
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with 0, idle connections or not', async (signal) => {
    const daemon = await Daemon.start();
    const idle = await daemon.connect();
    const half = await daemon.connect();
    half.send('request=smtpd_access_policy\nsender=');
    await idle.ask();
    expect(await daemon.stop(signal)).toEqual({ status: 0, signal: null });
    expect(daemon.log).toContain(`${signal} received: stopping after 1 request:`);
  });

  test('each connection gets its next answer, and its end right behind it', async () => {
    const daemon = await Daemon.start();
    const [quick, silent] = [await daemon.connect(), await daemon.connect()];
    await quick.ask();
    await silent.ask();
    daemon.kill('SIGTERM');
    // A signal more changes nothing.
    daemon.kill('SIGTERM');
    // New clients are served too. Both requests are under way at once: the half second is greyd's, not the
    // test's.
    const answers = [quick.ask(), daemon.ask({ sender: 'late@example.net' })];
    expect(await Promise.all(answers)).toEqual(answers.map(() => expect.stringMatching(GREYLISTED)));
    await quick.closed();
    await silent.closed();
    expect(await silent.reply()).toBeUndefined();
    expect(await daemon.exited).toEqual({ status: 0, signal: null });
    expect(daemon.log).toContain('stopping after 4 requests');
  });

  test('a signal at any moment of the start ends it, and leaves nothing', async () => {
    const folder = temporaryDirectory();
    const [socket, pidfile] = [join(folder, 'socket'), join(folder, 'pid')];
    const listen = [`--unix=${socket}`, '--inet=localhost:0', `--pidfile=${pidfile}`];
    const begin = performance.now();
    await (await Daemon.start([], { listen })).stop();
    const life = performance.now() - begin;
    for (let moment = 0; moment < SIGNAL_MOMENTS; moment += 1) {
      const daemon = Daemon.launch([], { listen });
      await pause((life * moment) / SIGNAL_MOMENTS);
      const exit = await daemon.stop();
      // Before Node.js runs a line of greyd the signal itself ends it.
      expect([
        { status: 0, signal: null },
        { status: null, signal: 'SIGTERM' },
      ]).toContainEqual(exit);
      expect(daemon.log).not.toMatch(/error|^\s+at /m);
      expect([existsSync(socket), existsSync(pidfile)]).toEqual([false, false]);
    }
  });

  test('who has connected before greyd serves is answered: the mail passes', async () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'socket');
    const fifo = join(folder, 'whitelist');
    execFileSync('mkfifo', [fifo]);
    const daemon = Daemon.launch([`--whitelist-clients=${fifo}`], { listen: [`--unix=${path}`] });
    // greyd waits for the whitelist, and so does not serve yet.
    const writer = await open(fifo, 'w');
    const client = await PolicyClient.connect({ path });
    client.send(requestText());
    daemon.kill('SIGTERM');
    expect(await client.reply()).toBe('DUNNO');
    await writer.close();
    expect(await daemon.exited).toEqual({ status: 0, signal: null });
  });

  test('who waits for the database, or for a place, is answered, whatever --store-timeout says', async () => {
    const daemon = await Daemon.start(['--max-connections=3', '--store-timeout=60']);
    const other = new Database(join(daemon.dbdir, 'greyd.db'));
    onTestFinished(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    const ask = async (number: number) => (await daemon.connect()).ask({ sender: `s${number}x@example.net` });
    const asked: Promise<string | undefined>[] = [ask(1), ask(2)];
    const third = await daemon.connect();
    third.send(requestText({ client_address: 'none' }) + requestText({ sender: 's3x@example.net' }));
    // The answer that needs no database shows that all of these have arrived, and that there is no place left.
    expect(await third.reply()).toBe('DUNNO');
    asked.push(third.reply(), ask(4), ask(5));
    daemon.kill('SIGTERM');
    expect(await Promise.all(asked)).toEqual(asked.map(() => 'DUNNO'));
    // At the end nobody waits for the locks of others, however long a request would.
    expect(await daemon.exited).toEqual({ status: 0, signal: null });
    expect(daemon.log).not.toContain('database not responding');
  });

  test.each([
    ['BEGIN IMMEDIATE', []],
    ['BEGIN EXCLUSIVE', ['--store-timeout=60']],
  ])('ends in time with 0 while another process holds %s %j, and loses nothing', async (lock, options) => {
    const daemon = await Daemon.start(options);
    const client = await daemon.connect();
    const senders = Array.from({ length: 20 }, (_, number) => `s${number}x@example.net`);
    for (const sender of senders) expect(await client.ask({ sender })).toMatch(GREYLISTED);
    const path = join(daemon.dbdir, 'greyd.db');
    const other = new Database(path);
    onTestFinished(() => void other.close());
    other.exec(lock);
    const begin = performance.now();
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(5000);
    other.exec('ROLLBACK');
    const stored = other.prepare('SELECT sender FROM triplets').pluck().all();
    expect(stored.sort()).toEqual([...senders].sort());
  });

  test('ends in time with 0 while it waits for a lock to open its database', async () => {
    const dbdir = temporaryDirectory();
    await (await Daemon.start([], { dbdir })).stop();
    const other = new Database(join(dbdir, 'greyd.db'));
    onTestFinished(() => void other.close());
    // Its keys are to become digests, which takes a transaction.
    other.exec('BEGIN IMMEDIATE');
    const path = join(dbdir, 'socket');
    const daemon = Daemon.launch(['--privacy'], { dbdir, listen: [`--unix=${path}`] });
    await expect.poll(() => openFiles(daemon.pid)).toContain(`${dbdir}/greyd.db-wal`);
    const begin = performance.now();
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(daemon.log).not.toContain('database not responding');
  });

  test('what has arrived whole is answered first', async () => {
    const daemon = await Daemon.start();
    const clients = await Promise.all(Array.from({ length: 50 }, () => daemon.connect()));
    for (const [number, client] of clients.entries())
      client.send(requestText({ sender: `s-${number}x@example.net` }));
    daemon.kill('SIGTERM');
    const replies = await Promise.all(clients.map((client) => client.reply()));
    expect(replies.filter((reply) => reply === undefined)).toEqual([]);
    expect(await daemon.exited).toEqual({ status: 0, signal: null });
  });
});
