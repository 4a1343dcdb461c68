/**
 * Messages to the service manager, as they arrive at its socket.
 */
import { describe, expect, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { NotifySocket } from '../support/notify-socket.ts';
import { canRun } from '../support/requirements.ts';

const GREYLISTED = /^DEFER_IF_PERMIT /;

describe.skipIf(!canRun('notify tests', { programs: ['systemd-notify', 'python3'] }))('sd_notify', () => {
  test.each(['path', 'abstract'] as const)(
    'ready, alive and stopping, to a socket of kind %s',
    async (kind) => {
      const socket = await NotifySocket.open(kind);
      const launcher = ['env', `NOTIFY_SOCKET=${socket.address}`, 'WATCHDOG_USEC=300000'];
      const daemon = await Daemon.start([], { launcher });
      await socket.received('READY=1');
      expect(await daemon.ask()).toMatch(GREYLISTED);
      await socket.received('WATCHDOG=1', 3);
      daemon.kill('SIGTERM');
      await socket.received('STOPPING=1');
      expect(await daemon.exited).toEqual({ status: 0, signal: null });
      expect(daemon.log).not.toContain('service manager');
    },
  );

  test('a watchdog that is meant for another process gets no pings', async () => {
    const socket = await NotifySocket.open('path');
    const launcher = ['env', `NOTIFY_SOCKET=${socket.address}`, 'WATCHDOG_USEC=1000', 'WATCHDOG_PID=1'];
    const daemon = await Daemon.start([], { launcher });
    await socket.received('READY=1');
    await daemon.stop();
    await socket.received('STOPPING=1');
    expect(socket.text).not.toContain('WATCHDOG=1');
  });

  test.each([
    ['a socket that is not there', ['NOTIFY_SOCKET=/nonexistent/notify'], 'No such file or directory'],
    // Only node is found, by its whole path.
    ['no systemd-notify', ['PATH=/nonexistent', 'NOTIFY_SOCKET=/nonexistent/notify'], 'ENOENT'],
  ])('%s: one warning, and mail is answered', async (_, environment, reason) => {
    const launcher = ['/usr/bin/env', 'WATCHDOG_USEC=60000', ...environment];
    const daemon = await Daemon.start([], { launcher });
    await daemon.logged(/cannot send to the service manager: READY=1: /);
    for (let count = 0; count < 20; count += 1) expect(await daemon.ask()).toMatch(GREYLISTED);
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    const lines = daemon.logLines.filter((line) => line.includes('the service manager'));
    expect(lines).toEqual([expect.stringContaining(reason)]);
  });
});
