/**
 * --pidfile: which files keep a greyd from starting, and which are replaced.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BackgroundDaemon } from '../support/background.ts';
import { Daemon, GREYD, runGreyd, temporaryDirectory } from '../support/daemon.ts';
import { canRun } from '../support/requirements.ts';

/** A file that holds this text. */
function file(text: string): string {
  const path = join(temporaryDirectory(), 'pid');
  writeFileSync(path, text);
  return path;
}

/** The id of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn('true');
  await once(child, 'close');
  return child.pid ?? 0;
}

/** The id of a greyd that has ended, and whose parent never asks what became of it. */
async function zombieGreyd(): Promise<number> {
  const script = '"$@" >/dev/null & echo $!; exec sleep 1000';
  const parent = spawn('sh', ['-c', script, 'sh', process.execPath, GREYD, '--version']);
  onTestFinished(() => void parent.kill());
  const [text] = await once(parent.stdout, 'data');
  const pid = Number(text);
  while (!/^Name:\tgreyd\n(.*\n)?State:\tZ/.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
    await new Promise((resolve) => setImmediate(resolve));
  return pid;
}

const alreadyRunning = (path: string, pid: number) =>
  `greyd: --pidfile=${path}: greyd is running already, as process ${pid}; stop it first\n`;

describe('a file that names a living greyd', () => {
  test.each([[[]], [['-d']]])('refuses a second one, before anything is opened: %j', async (mode) => {
    const folder = temporaryDirectory();
    const pidfile = join(folder, 'pid');
    const first = await Daemon.start([`--pidfile=${pidfile}`]);
    const second = [
      `--pidfile=${pidfile}`,
      `--unix=${join(folder, 'socket')}`,
      `--dbdir=${join(folder, 'db')}`,
    ];
    expect(await runGreyd([...mode, ...second])).toEqual({
      status: 1,
      signal: null,
      stdout: '',
      stderr: alreadyRunning(pidfile, first.pid),
    });
    expect(existsSync(join(folder, 'db'))).toBe(false);
    expect(readFileSync(pidfile, 'utf8')).toBe(`${first.pid}\n`);
    expect(await first.ask()).toMatch(/^DEFER_IF_PERMIT /);
  });

  // Refused, because whether it is a greyd cannot be told: the machine's processes are not to be seen.
  test.skipIf(!canRun('pid file test without /proc', { root: true, commands: ['unshare --mount true'] }))(
    'is one that names any living process, where /proc does not say what it is',
    async () => {
      const launcher = [
        'unshare',
        '--mount',
        'sh',
        '-c',
        'mount -t tmpfs greyd-test /proc && exec "$0" "$@"',
      ];
      const living = file(`${process.pid}\n`);
      const refused = Daemon.launch([`--pidfile=${living}`], { launcher });
      expect(await refused.exited).toEqual({ status: 1, signal: null });
      expect(refused.log).toBe(alreadyRunning(living, process.pid));

      const stale = file(`${await endedProcess()}\n`);
      const daemon = await Daemon.start([`--pidfile=${stale}`], { launcher });
      expect(readFileSync(stale, 'utf8')).toBe(`${daemon.pid}\n`);
    },
  );
});

describe('a file that names no living greyd is replaced', () => {
  test.each<[string, () => Promise<string>]>([
    ['a process that has ended', async () => `${await endedProcess()}\n`],
    ['a living process that is no greyd', async () => `${process.pid}\n`],
    ['a greyd that has ended but is still known to the system', async () => `${await zombieGreyd()}\n`],
    ['nothing', async () => ''],
    ['an empty line', async () => '\n'],
    ['a process group', async () => '-1\n'],
    ['zero', async () => '0\n'],
    ['a number too large', async () => '99999999999999999999\n'],
    ['text', async () => 'greyd\n'],
  ])('%s', async (_, text) => {
    const path = file(await text());
    const daemon = await Daemon.start([`--pidfile=${path}`]);
    expect(readFileSync(path, 'utf8')).toBe(`${daemon.pid}\n`);
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expect(existsSync(path)).toBe(false);
  });

  // In a container the processes of each start have the same ids.
  describe.skipIf(
    !canRun('pid file tests in a container', {
      programs: ['logger'],
      root: true,
      commands: ['unshare --pid --fork --mount-proc true'],
    }),
  )('in a container', () => {
    const CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];

    test('its own id', async () => {
      const path = file('1\n');
      const daemon = await Daemon.start([`--pidfile=${path}`], { launcher: CONTAINER });
      expect(readFileSync(path, 'utf8')).toBe('1\n');
      expect(await daemon.ask()).toMatch(/^DEFER_IF_PERMIT /);
    });

    test('the id of the process that starts it', () => {
      // The shell is process 1, what it starts first is process 2.
      const pidfile = file('2\n');
      const folder = temporaryDirectory();
      const args = ['-d', `--unix=${folder}/socket`, `--pidfile=${pidfile}`, `--dbdir=${folder}`, '--user=0'];
      const script = '"$@"; echo "status $?, process $(cat "$0")"; kill "$(cat "$0")"; wait';
      const words = [...CONTAINER.slice(1), 'sh', '-c', script, pidfile, process.execPath, GREYD, ...args];
      const output = execFileSync('unshare', words, { encoding: 'utf8' });
      expect(output).toMatch(/^status 0, process \d+\n$/);
      expect(output).not.toContain('process 2\n');
    });
  });
});

describe('a start that fails', () => {
  test('leaves a file that it did not write as it was', async () => {
    const path = join(temporaryDirectory(), 'socket');
    const server = createServer().listen(path);
    onTestFinished(() => void server.close());
    const pidfile = file('out of date\n');
    for (const mode of [[], ['-d']]) {
      const { status } = await runGreyd([
        ...mode,
        `--unix=${path}`,
        `--pidfile=${pidfile}`,
        '--dbdir=/nonexistent',
      ]);
      expect(status).toBe(1);
      expect(readFileSync(pidfile, 'utf8')).toBe('out of date\n');
    }
  });

  test.skipIf(!canRun('pid file test with another account', { root: true }))(
    'leaves none behind, even if root was given up meanwhile',
    async () => {
      // greyd reads its whitelists as the new account, and waits for this one.
      const fifo = join(temporaryDirectory(), 'whitelist');
      execFileSync('mkfifo', ['--mode=0666', fifo]);
      chmodSync(dirname(fifo), 0o755);
      const daemon = new BackgroundDaemon([`--whitelist-clients=${fifo}`], 'nobody');
      const started = runGreyd(daemon.args);
      const writer = await open(fifo, 'w');
      process.kill(daemon.pid, 'SIGKILL');
      expect((await started).status).toBe(1);
      await writer.close();
      expect(existsSync(daemon.pidfile)).toBe(false);
    },
  );

  test('says that the file cannot be written', async () => {
    const { status, stderr } = await runGreyd([
      '--inet=127.0.0.1:0',
      '--pidfile=/nonexistent/pid',
      '--dbdir=/nonexistent',
    ]);
    expect([status, stderr]).toEqual([
      1,
      'greyd: --pidfile=/nonexistent/pid: cannot write the file (ENOENT)\n',
    ]);
  });
});

test('a link is not followed: nothing is written where it leads', async () => {
  const target = file('keep\n');
  const link = join(temporaryDirectory(), 'pid');
  symlinkSync(target, link);
  const args = [`--pidfile=${link}`, '--inet=127.0.0.1:0', `--dbdir=${temporaryDirectory()}`];
  expect(await runGreyd(args)).toMatchObject({
    status: 1,
    stderr: `greyd: --pidfile=${link}: cannot write the file (something that is no file exists there)\n`,
  });
  expect(readFileSync(target, 'utf8')).toBe('keep\n');
});
