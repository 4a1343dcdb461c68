/**
 * The name of the process, as the tools of an administrator show it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BackgroundDaemon } from '../support/background.ts';
import { Daemon } from '../support/daemon.ts';
import { canRun } from '../support/requirements.ts';

const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' });

/** Checks what the tools say of a process. @param option one of its command line */
function expectGreyd(pid: number, option: string): void {
  expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('greyd\n');
  expect(run('ps', '-o', 'comm=', '-p', String(pid))).toBe('greyd\n');
  expect(run('ps', '-ww', '-o', 'args=', '-p', String(pid))).toMatch(/^greyd -/);
  expect(run('ps', '-ww', '-o', 'args=', '-p', String(pid))).toContain(` ${option} `);
  expect(run('pgrep', '-x', 'greyd').split('\n')).toContain(String(pid));
  expect(run('pidof', 'greyd').trim().split(' ')).toContain(String(pid));
}

describe.skipIf(!canRun('process name tests', { programs: ['ps', 'pgrep', 'pidof'] }))('the process', () => {
  test('is named greyd, with its options behind that', async () => {
    const daemon = await Daemon.start(['--delay=61', '--greylist-text=Später: %s']);
    expectGreyd(daemon.pid, '--delay=61 --greylist-text=Später:');
  });

  test.skipIf(!canRun('process name test in the background', { programs: ['logger'] }))(
    'is named so in the background',
    async () => {
      const daemon = await BackgroundDaemon.start(['--delay=61', '--max-age=36']);
      expectGreyd(daemon.pid, '--delay=61');
    },
  );
});
