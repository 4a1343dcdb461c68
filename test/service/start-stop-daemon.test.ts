/**
 * greyd under start-stop-daemon(8), as init scripts of Debian run a daemon: started as root, with
 * `-d --pidfile --user=greyd`, on a machine that has this account.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ended, kill } from '../support/background.ts';
import { GREYD, temporaryDirectory } from '../support/daemon.ts';
import { inOwnMounts, OWN_MOUNTS_NEED } from '../support/own-mounts.ts';
import { PolicyClient } from '../support/policy-client.ts';
import { freePort } from '../support/ports.ts';
import { canRun } from '../support/requirements.ts';

const GREYD_UID = 54321;
const GREYD_GID = 54322;
/** A group that the account is a member of, as it might be postfix's. */
const OTHER_GID = 54323;
const ACCOUNTS = {
  passwd: `greyd:x:${GREYD_UID}:${GREYD_GID}::/var/lib/greyd:/usr/sbin/nologin\n`,
  group: `greyd:x:${GREYD_GID}:\ngreyd-socket:x:${OTHER_GID}:greyd\n`,
};

/** Exit status of start-stop-daemon, or greyd, and what they said. */
interface Result {
  readonly status: number | null;
  readonly output: string;
}

/** An init script's view of a daemon. */
class InitScript {
  /** Root's, as /run is. */
  readonly run = openFolder();
  /** The account's. */
  readonly own = openFolder();
  readonly pidfile = join(this.run, 'greyd.pid');
  readonly socket = join(this.own, 'socket');
  readonly dbdir = join(this.run, 'db');
  readonly whitelist = join(this.run, 'clients');
  readonly port: number;
  readonly #launcher = inOwnMounts({ devLog: join(this.run, 'no-syslog'), accounts: ACCOUNTS });

  private constructor(port: number) {
    this.port = port;
    chownSync(this.own, GREYD_UID, GREYD_GID);
    writeFileSync(this.whitelist, '', { mode: 0o644 });
    onTestFinished(() => {
      if (existsSync(this.pidfile)) kill(this.pid, 'SIGKILL');
    });
  }

  static async make(): Promise<InitScript> {
    return new InitScript(await freePort());
  }

  get pid(): number {
    const [, pid] = /^([1-9]\d*)\n$/.exec(readFileSync(this.pidfile, 'utf8')) ?? [];
    if (pid === undefined) throw new Error(`there is no process id in ${this.pidfile}`);
    return Number(pid);
  }

  /** `-d --pidfile=... --user=greyd --inet=...` */
  options(user = 'greyd'): string[] {
    return [
      '-d',
      `--pidfile=${this.pidfile}`,
      `--user=${user}`,
      `--inet=127.0.0.1:${this.port}`,
      `--unix=${this.socket}`,
      `--dbdir=${this.dbdir}`,
      `--whitelist-clients=${this.whitelist}`,
    ];
  }

  /** Which process is meant. */
  get match(): string[] {
    return ['--pidfile', this.pidfile, '--name', 'greyd'];
  }

  start(options = this.options()): Promise<Result> {
    return this.startStopDaemon('--start', ...this.match, '--startas', GREYD, '--', ...options);
  }

  async startStopDaemon(...words: string[]): Promise<Result> {
    const [command = '', ...launcher] = this.#launcher;
    const child = spawn(command, [...launcher, 'start-stop-daemon', ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    // Closed only when nobody holds its output any more: a daemon that kept it would hang an installation.
    const [status] = await once(child, 'close');
    return { status, output };
  }

  async status(): Promise<number | null> {
    return (await this.startStopDaemon('--status', ...this.match)).status;
  }

  connect(): Promise<PolicyClient> {
    return PolicyClient.connect({ host: '127.0.0.1', port: this.port });
  }
}

function openFolder(): string {
  const path = temporaryDirectory();
  chmodSync(path, 0o755);
  return path;
}

/** The line of this name in /proc/PID/status, as numbers. */
function numbersOf(pid: number, name: string): number[] {
  const line = new RegExp(`^${name}:(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (line ?? '').trim().split(/\s+/).map(Number);
}

const GREYLISTED = /^DEFER_IF_PERMIT /;
const OK: Result = { status: 0, output: '' };

describe.skipIf(
  !canRun('start-stop-daemon tests', {
    ...OWN_MOUNTS_NEED,
    programs: ['start-stop-daemon', 'getent', 'logger', 'tail'],
  }),
)('start-stop-daemon', () => {
  test('starts greyd once, asks for it, reloads it and stops it', async () => {
    const init = await InitScript.make();
    expect(await init.status()).toBe(3);
    expect(await init.start()).toEqual(OK);
    const { pid } = init;
    const client = await init.connect();
    expect(await client.ask()).toMatch(GREYLISTED);
    expect(await init.status()).toBe(0);

    expect(await init.start()).toMatchObject({
      status: 1,
      output: expect.stringContaining('already running'),
    });
    expect(init.pid).toBe(pid);

    writeFileSync(init.whitelist, 'example.net\n');
    expect(await init.startStopDaemon('--stop', '--signal', 'HUP', ...init.match)).toEqual(OK);
    // start-stop-daemon does not wait for what the signal does.
    while ((await client.ask()) !== 'DUNNO');
    expect(init.pid).toBe(pid);

    const stop = ['--stop', '--retry=TERM/30/KILL/5', ...init.match];
    expect(await init.startStopDaemon(...stop)).toEqual(OK);
    await ended(pid);
    await client.closed();
    expect(existsSync(init.socket)).toBe(false);
    // The folder is root's, so greyd could not remove its pid file: 1 says that it is out of date.
    expect(await init.status()).toBe(1);

    expect(await init.start()).toEqual(OK);
    expect(init.pid).not.toBe(pid);
    expect(await init.startStopDaemon(...stop, '--remove-pidfile')).toEqual(OK);
    expect(await init.status()).toBe(3);
  });

  test.each([
    ['the pid file alone', (): string[] => []],
    ['the interpreter', () => ['--exec', process.execPath]],
    ['the account', () => ['--user', 'greyd']],
  ])('finds it by %s', async (_, match) => {
    const init = await InitScript.make();
    expect(await init.start()).toEqual(OK);
    const { pid } = init;
    const words = ['--pidfile', init.pidfile, ...match()];
    expect(await init.startStopDaemon('--status', ...words)).toEqual(OK);
    expect(await init.startStopDaemon('--stop', '--retry=TERM/30/KILL/5', ...words)).toEqual(OK);
    await ended(pid);
  });

  test.each([
    ['greyd', [GREYD_GID, OTHER_GID]],
    [String(GREYD_UID), [GREYD_GID, OTHER_GID]],
  ])("--user=%s: all ids are the account's, and so is what greyd makes", async (user, groups) => {
    const init = await InitScript.make();
    expect(await init.start(init.options(user))).toEqual(OK);
    const { pid } = init;
    expect(numbersOf(pid, 'Uid')).toEqual(new Array(4).fill(GREYD_UID));
    expect(numbersOf(pid, 'Gid')).toEqual(new Array(4).fill(GREYD_GID));
    expect(numbersOf(pid, 'Groups')).toEqual(groups);
    expect(numbersOf(pid, 'Umask')).toEqual([77]);
    expect(numbersOf(pid, 'CapEff')).toEqual([0]);
    const { uid, gid, mode } = statSync(init.dbdir);
    expect([uid, gid, mode & 0o777]).toEqual([GREYD_UID, GREYD_GID, 0o700]);
    expect(statSync(join(init.dbdir, 'greyd.db'))).toMatchObject({ uid: GREYD_UID, gid: GREYD_GID });
    // start-stop-daemon trusts no pid file that others than root can write.
    const pidfile = statSync(init.pidfile);
    expect([pidfile.uid, pidfile.mode & 0o777]).toEqual([0, 0o644]);
    // stat(5): pid (comm) state ppid pgrp session
    const [, , , pgrp, session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\s+/).slice(1);
    expect([pgrp, session].map(Number)).toEqual([pid, pid]);
  });

  test('hands on why greyd could not start, and nothing is left behind', async () => {
    const init = await InitScript.make();
    const server = createServer().listen(init.port, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { status, output } = await init.start();
    expect(status).toBe(1);
    expect(output).toMatch(/^greyd: cannot listen on 127\.0\.0\.1:\d+: the port is in use/);
    expect([init.pidfile, init.socket, init.dbdir].filter((path) => existsSync(path))).toEqual([]);
  });

  // Its first words are the script's, the last one is empty where POSTGREY_TEXT is not set.
  test("runs greyd with the words of postgrey's init script", async () => {
    const init = await InitScript.make();
    const options = [`--inet=127.0.0.1:${init.port}`, `--dbdir=${init.dbdir}`, '--delay=61'];
    const words = [`--pidfile=${init.pidfile}`, '--daemonize', ...options, ''];
    const start = ['--start', '--quiet', '--pidfile', init.pidfile, '--exec', GREYD];
    expect(await init.startStopDaemon(...start, '--', ...words)).toEqual(OK);
    const { pid } = init;
    expect(numbersOf(pid, 'Uid')[0]).toBe(GREYD_UID);
    const client = await init.connect();
    expect(await client.ask()).toMatch(GREYLISTED);

    // start-stop-daemon does not know a script by --exec; greyd itself refuses then.
    mkdirSync(join(init.run, 'other'));
    const other = words.map((word) => word.replace(/^--inet=.*/, `--unix=${init.run}/other/socket`));
    expect(await init.startStopDaemon(...start, '--', ...other)).toEqual({
      status: 1,
      output: `greyd: --pidfile=${init.pidfile}: greyd is running already, as process ${pid}; stop it first\n`,
    });
    expect(init.pid).toBe(pid);

    expect(
      await init.startStopDaemon('--stop', '--signal', '1', '--quiet', '--pidfile', init.pidfile),
    ).toEqual(OK);
    const stop = ['--user', 'greyd', '--stop', '--quiet', '--retry=TERM/30/KILL/5'];
    expect(await init.startStopDaemon(...stop, '--pidfile', init.pidfile)).toEqual(OK);
    await ended(pid);
  });
});
