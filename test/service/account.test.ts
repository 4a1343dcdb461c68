import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Daemon, GREYD_COMMAND, runGreyd, temporaryDirectory } from '../support/daemon.ts';
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

describe.skipIf(!canRun('account tests', { programs: ['getent', 'strace', 'unshare', 'ip'], root: true }))(
  'started as root',
  () => {
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

    describe('a unix socket', () => {
      const mail = () => Number(/^mail:[^:]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8'))?.[1]);
      const ofAccount = ['--user=nobody', '--group=mail', '--socketmode=0660'];

      test.each([
        ['in a folder of its own', (folder: string) => chownSync(folder, NOBODY, NOBODY)],
        ['in a folder of root', () => {}],
        ['in a folder of another account', (folder: string) => chownSync(folder, 1, 1)],
        [
          'where one was left',
          (folder: string) => {
            execFileSync(
              process.execPath,
              [
                '-e',
                `require('net').createServer().listen(${JSON.stringify(join(folder, 'socket'))}, () => process.kill(process.pid, 'SIGKILL'))`,
              ],
              { stdio: 'ignore' },
            );
          },
        ],
      ])('%s belongs to --user and --group, and has its mode', async (_, prepare) => {
        const folder = openDirectory();
        try {
          prepare(folder);
        } catch {
          // The program that leaves a socket behind was killed.
        }
        const path = join(folder, 'socket');
        const daemon = await Daemon.start(ofAccount, {
          listen: ['--inet=127.0.0.1:0', `--unix=${path}`],
          dbdir: join(openDirectory(), 'db'),
        });
        const { uid, gid, mode } = lstatSync(path);
        expect([uid, gid, (mode & 0o777).toString(8)]).toEqual([NOBODY, mail(), '660']);
        expect(readdirSync(folder)).toEqual(['socket']);
        const client = await PolicyClient.connect({ path });
        expect(await client.ask()).toMatch(/^DEFER_IF_PERMIT /);
        client.close();
        expect(await daemon.stop()).toEqual({ status: 0, signal: null });
      });

      test('has its owner and its mode from the first moment', async () => {
        const folder = openDirectory();
        const path = join(folder, 'socket');
        const output = join(openDirectory(), 'calls');
        // Each call that names the socket, or its folder, in their order.
        const calls =
          'trace=bind,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,rename,renameat,renameat2';
        const daemon = await Daemon.start(ofAccount, {
          listen: ['--inet=127.0.0.1:0', `--unix=${path}`],
          dbdir: join(openDirectory(), 'db'),
          launcher: ['strace', '-D', '-f', '-o', output, '-e', calls],
        });
        await daemon.stop();
        const lines = readFileSync(output, 'utf8').split('\n');
        const named = lines.findIndex((line) => /rename/.test(line) && line.includes('/socket"'));
        expect(named).toBeGreaterThan(0);
        // Owner and mode are set before the file has its name, and never by its path.
        expect(
          lines.slice(named + 1).filter((line) => /chown|chmod/.test(line) && line.includes('socket')),
        ).toEqual([]);
        expect(lines.filter((line) => /chown|chmod/.test(line) && line.includes(path))).toEqual([]);
      });

      test('no link that its folder’s owner puts in its way is followed', async () => {
        const folder = openDirectory();
        chownSync(folder, NOBODY, NOBODY);
        const precious = join(openDirectory(), 'precious');
        writeFileSync(precious, 'secret', { mode: 0o600 });
        const path = join(folder, 'socket');
        // Again and again, as fast as it goes, for as long as greyd starts.
        const swapper = spawn(
          process.execPath,
          [
            '-e',
            `const fs = require('fs'); console.log('ready');
           for (;;) { try { fs.rmSync(${JSON.stringify(path)}, { force: true }); fs.symlinkSync(${JSON.stringify(precious)}, ${JSON.stringify(path)}); } catch {} }`,
          ],
          { uid: NOBODY, gid: NOBODY, stdio: ['ignore', 'pipe', 'ignore'] },
        );
        onTestFinished(() => void swapper.kill('SIGKILL'));
        await once(swapper.stdout, 'data');
        for (let start = 0; start < 10; start += 1) {
          const daemon = Daemon.launch(['--user=nobody', '--socketmode=0666'], {
            listen: ['--inet=127.0.0.1:0', `--unix=${path}`],
            dbdir: join(openDirectory(), 'db'),
          });
          await daemon.serving().catch(() => {});
          await daemon.stop('SIGKILL');
          expect(lstatSync(precious)).toMatchObject({ mode: 0o100600, uid: 0, gid: 0 });
        }
      });
    });

    test('a pid file is root’s, as start-stop-daemon wants it, and replaces no FIFO, link or folder', async () => {
      const folder = openDirectory();
      const precious = join(folder, 'precious');
      writeFileSync(precious, 'secret', { mode: 0o600 });
      const pidfile = join(folder, 'pid');
      const start = () =>
        runGreyd([
          '--inet=127.0.0.1:0',
          '--user=nobody',
          `--pidfile=${pidfile}`,
          `--dbdir=${join(folder, 'db')}`,
        ]);
      const ways = [
        () => execFileSync('mkfifo', [pidfile]),
        () => symlinkSync(precious, pidfile),
        () => mkdirSync(pidfile),
      ];
      for (const owner of [0, NOBODY])
        for (const put of ways) {
          put();
          chownSync(folder, owner, owner);
          const { status, stderr } = await start();
          expect(stderr).toMatch(/^greyd: --pidfile=\S+: cannot write the file \(.+\)\n$/);
          expect(status).toBe(1);
          rmSync(pidfile, { recursive: true });
        }
      expect(readFileSync(precious, 'utf8')).toBe('secret');
      chownSync(folder, 0, 0);
      const daemon = await Daemon.start(['--user=nobody', `--pidfile=${pidfile}`], {
        dbdir: join(openDirectory(), 'db'),
      });
      const { uid, gid, mode } = lstatSync(pidfile);
      expect([uid, gid, (mode & 0o777).toString(8)]).toEqual([0, 0, '644']);
      expect(readFileSync(pidfile, 'utf8')).toBe(`${daemon.pid}\n`);
    });

    test('a pid file replaces no socket', async () => {
      const folder = openDirectory();
      const path = join(folder, 'socket');
      const other = await Daemon.start(['--user=nobody'], {
        listen: ['--inet=127.0.0.1:0', `--unix=${path}`],
        dbdir: join(openDirectory(), 'db'),
      });
      const args = [
        '--inet=127.0.0.1:0',
        '--user=nobody',
        `--pidfile=${path}`,
        `--dbdir=${join(folder, 'db')}`,
      ];
      expect((await runGreyd(args)).stderr).toMatch(
        /cannot write the file \(something that is no file exists there\)/,
      );
      const client = await PolicyClient.connect({ path });
      expect(await client.ask()).toMatch(/^DEFER_IF_PERMIT /);
      client.close();
      await other.stop();
    });

    test('what root does not trust is told by name', async () => {
      const folder = openDirectory();
      const path = join(folder, 'run', 'socket');
      mkdirSync(join(folder, 'run'));
      chownSync(folder, 1, 1);
      const args = [`--unix=${path}`, '--user=nobody', `--dbdir=${join(folder, 'db')}`];
      expect(await runGreyd(args)).toMatchObject({
        status: 2,
        stderr: `greyd: cannot listen on ${path}: users other than root can change ${folder}: choose another place\n`,
      });
    });

    test('in a folder that others may write to, root makes no database directory', async () => {
      const folder = openDirectory();
      chmodSync(folder, 0o775);
      chownSync(folder, 0, 1);
      const daemon = await Daemon.start(['--user=nobody'], { dbdir: join(folder, 'a', 'b') });
      expect(await daemon.ask()).toBe('DUNNO');
      expect(readdirSync(folder)).toEqual([]);
    });

    test('an unknown account is told before a socket is there', async () => {
      const folder = openDirectory();
      const path = join(folder, 'socket');
      for (const option of ['--user=no-such-user', '--group=no-such-group']) {
        const { status } = await runGreyd([
          `--unix=${path}`,
          '--user=nobody',
          option,
          `--dbdir=${join(folder, 'db')}`,
          `--pidfile=${join(folder, 'pid')}`,
        ]);
        expect(status).toBe(2);
      }
      expect(readdirSync(folder)).toEqual([]);
      const output = join(openDirectory(), 'calls');
      const { pid: _, ...outcome } = spawnSync('strace', [
        '-f',
        '-o',
        output,
        '-e',
        'trace=bind',
        ...GREYD_COMMAND,
        '--inet=127.0.0.1:0',
        '--user=no-such-user',
        `--dbdir=${folder}`,
      ]);
      expect(outcome.status).toBe(2);
      expect(readFileSync(output, 'latin1')).not.toMatch(/bind\(.*sin_port/);
    });

    test('a port below 1024 is still root’s to give', async () => {
      // In a network of its own, where nobody else has it.
      const daemon = await Daemon.start(['--user=nobody'], {
        listen: ['--inet=127.0.0.1:999'],
        launcher: ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'],
        dbdir: join(openDirectory(), 'db'),
      });
      expect(daemon.log).toContain('listening on 127.0.0.1:999');
    });

    test('the database directory is no link that somebody else puts there', async () => {
      const folder = openDirectory();
      const precious = openDirectory();
      symlinkSync(precious, join(folder, 'db'));
      chownSync(folder, 1, 1);
      const daemon = await Daemon.start(['--user=nobody'], { dbdir: join(folder, 'db', 'deeper') });
      expect(await daemon.ask()).toBe('DUNNO');
      expect(lstatSync(precious).uid).toBe(0);
      expect(readdirSync(precious)).toEqual([]);
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
  },
);

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
