import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Daemon, runGreyd, temporaryDirectory } from '../support/daemon.ts';
import { PolicyClient, requestText } from '../support/policy-client.ts';
import { canRun } from '../support/requirements.ts';

const NOBODY = 65534;

/** Real, effective, saved and file-system ids, and the supplementary groups, of a running daemon. */
function identityOf(daemon: Daemon) {
  const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  const numbers = (name: string) =>
    new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1]?.trim().split(/\s+/).filter(Boolean).map(Number);
  return { uid: numbers('Uid'), gid: numbers('Gid'), groups: numbers('Groups') };
}

/** A directory that every account may enter. */
function openDirectory(): string {
  const path = temporaryDirectory();
  chmodSync(path, 0o755);
  return path;
}

describe.skipIf(!canRun('account tests', { programs: ['getent'], root: true }))('started as root', () => {
  test.each([['nobody'], [String(NOBODY)]])(
    '--user=%s: root is given up for good, the database directory is made',
    async (user) => {
      const dbdir = join(openDirectory(), 'db');
      const daemon = await Daemon.start([`--user=${user}`], { dbdir });
      expect(identityOf(daemon)).toEqual({
        uid: new Array(4).fill(NOBODY),
        gid: new Array(4).fill(NOBODY),
        groups: [NOBODY],
      });
      expect(statSync(dbdir)).toMatchObject({ uid: NOBODY, gid: NOBODY });
      expect(await daemon.ask()).toMatch(/^DEFER_IF_PERMIT /);
    },
  );

  test('root is given up before a request is answered that came meanwhile', async () => {
    const folder = openDirectory();
    const [fifo, path] = [join(folder, 'whitelist'), join(folder, 'socket')];
    execFileSync('mkfifo', ['--mode=0644', fifo]);
    const daemon = Daemon.launch(['--user=nobody', `--whitelist-clients=${fifo}`], {
      listen: [`--unix=${path}`],
      dbdir: join(folder, 'db'),
    });
    // Opened when greyd opens it too: its socket is there then, and it serves nobody yet.
    const writer = await open(fifo, 'w');
    const client = await PolicyClient.connect({ path });
    client.send(requestText());
    expect(identityOf(daemon).uid).toEqual(new Array(4).fill(NOBODY));
    await writer.close();
    expect(await client.reply()).toMatch(/^DEFER_IF_PERMIT /);
  });

  test('--group takes the place of the group of the user', async () => {
    const daemon = await Daemon.start(['--user=nobody', '--group=mail'], {
      dbdir: join(openDirectory(), 'db'),
    });
    const mail = Number(/^mail:[^:]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8'))?.[1]);
    expect(identityOf(daemon).gid).toEqual(new Array(4).fill(mail));
  });

  test('a number without an account will do', async () => {
    const daemon = await Daemon.start(['--user=54321', '--group=54322'], {
      dbdir: join(openDirectory(), 'db'),
    });
    expect(identityOf(daemon)).toEqual({
      uid: new Array(4).fill(54321),
      gid: new Array(4).fill(54322),
      groups: [54322],
    });
  });

  test('a socket in a directory of root, and a pid file there, are no obstacle', async () => {
    const run = openDirectory();
    const listen = [`--unix=${join(run, 'socket')}`, '--inet=127.0.0.1:0'];
    const daemon = await Daemon.start(['--user=nobody', `--pidfile=${join(run, 'pid')}`], {
      listen,
      dbdir: join(openDirectory(), 'db'),
    });
    expect(readFileSync(join(run, 'pid'), 'utf8')).toBe(`${daemon.pid}\n`);
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
  });

  test('a directory that holds something is not given away', async () => {
    const dbdir = openDirectory();
    mkdirSync(join(dbdir, 'precious'));
    const daemon = await Daemon.start(['--user=nobody'], { dbdir });
    expect(daemon.log).toContain(`cannot open the database ${dbdir}/greyd.db: `);
    expect(statSync(dbdir).uid).toBe(0);
  });

  test('whitelists are read as that account', async () => {
    const folder = openDirectory();
    const path = join(folder, 'clients');
    writeFileSync(path, 'example.net', { mode: 0o600 });
    chownSync(path, 0, 0);
    const daemon = await Daemon.start(['--user=nobody', `--whitelist-clients=${path}`], {
      dbdir: join(openDirectory(), 'db'),
    });
    expect(daemon.log).toContain(`cannot read whitelist ${path}: EACCES`);
  });

  test.each([
    [['--user=no-such-user'], 'greyd: --user=no-such-user: there is no such user\n'],
    [['--user=nobody', '--group=no-such-group'], 'greyd: --group=no-such-group: there is no such group\n'],
  ])('%j is one line and status 2', async (args, stderr) => {
    expect(await runGreyd(['--inet=127.0.0.1:0', '--dbdir=/nonexistent', ...args])).toMatchObject({
      status: 2,
      stderr,
    });
  });
});

// Root becomes nobody in a user namespace of its own; anybody else need not.
const AS_ANYBODY = process.getuid?.() === 0 ? ['unshare', '--user'] : [];

test.skipIf(!canRun('the test as anybody', { commands: [[...AS_ANYBODY, 'true'].join(' ')] }))(
  'started by anybody else, --user and --group have no effect, and that is said',
  async () => {
    const daemon = await Daemon.start(['--user=mail'], { launcher: AS_ANYBODY });
    expect(daemon.log).toContain('--user and --group have no effect: greyd was not started as root');
    expect(await daemon.ask()).toMatch(/^DEFER_IF_PERMIT /);
  },
);
