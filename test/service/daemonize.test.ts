/**
 * --daemonize, with the real logger(1): what it sends to syslog is read from a socket that stands
 * in for /dev/log.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runGreyd, temporaryDirectory } from '../support/daemon.ts';
import { PolicyClient } from '../support/policy-client.ts';
import { canRun } from '../support/requirements.ts';

describe.skipIf(!canRun('daemonize tests', { programs: ['logger'] }))('--daemonize', () => {
  test('returns when the socket answers; the daemon has a session of its own and ends on SIGTERM', async () => {
    const folder = temporaryDirectory();
    const [path, pidfile] = [join(folder, 'socket'), join(folder, 'pid')];
    const started = await runGreyd([
      '-d',
      `--unix=${path}`,
      `--pidfile=${pidfile}`,
      `--dbdir=${folder}`,
      `--user=${process.getuid?.()}`,
    ]);
    expect(started).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
    const pid = Number(readFileSync(pidfile, 'utf8'));
    onTestFinished(() => endProcess(pid));
    // stat(5): pid (comm) state ppid pgrp session tty_nr
    const [, , , pgrp, session, tty] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/\(.*\)/, '')
      .split(/\s+/);
    expect([pgrp, session, tty]).toEqual([String(pid), String(pid), '0']);
    const client = await PolicyClient.connect({ path });
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
      `greyd: --unix=${path}: another program is listening there, stop it first\n`,
    ]);
  });
});

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** Waits until a process that is no child of this one has ended. */
async function ended(pid: number): Promise<void> {
  execFileSync('tail', [`--pid=${pid}`, '-f', '/dev/null']);
}
