/**
 * --daemonize: what the one who starts greyd sees of it, and what becomes of the process.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BackgroundDaemon, ended } from '../support/background.ts';
import { runGreyd, temporaryDirectory } from '../support/daemon.ts';
import { canRun } from '../support/requirements.ts';

describe.skipIf(!canRun('daemonize tests', { programs: ['logger'] }))('--daemonize', () => {
  test('returns when the socket answers; the daemon has a session of its own and ends on SIGTERM', async () => {
    const daemon = new BackgroundDaemon([]);
    expect(await runGreyd(daemon.args)).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
    const { pid, path, pidfile } = daemon;
    // stat(5): pid (comm) state ppid pgrp session tty_nr
    const [, , , pgrp, session, tty] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/\(.*\)/, '')
      .split(/\s+/);
    expect([pgrp, session, tty]).toEqual([String(pid), String(pid), '0']);
    const client = await daemon.connect();
    expect(await client.ask()).toMatch(/^DEFER_IF_PERMIT /);
    process.kill(pid, 'SIGTERM');
    await client.closed();
    await ended(pid);
    expect([existsSync(path), existsSync(pidfile)]).toEqual([false, false]);
  });

  test('a start that fails is told by the process that was started, with its status', async () => {
    const path = join(temporaryDirectory(), 'socket');
    const server = createServer().listen(path);
    onTestFinished(() => void server.close());
    const { status, stderr } = await runGreyd(['-d', `--unix=${path}`, '--dbdir=/nonexistent']);
    expect([status, stderr]).toEqual([
      1,
      `greyd: --unix=${path}: another program is listening there; stop it first\n`,
    ]);
  });
});
