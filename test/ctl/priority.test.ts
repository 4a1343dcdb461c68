/**
 * The commands of greyctl that read much lower their priority, also those of an account that may not raise it again.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openRecords } from '../../src/ctl/records.ts';
import { CLIENT, put } from '../store/contract.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { GREYCTL } from '../support/greyctl.ts';
import { canRun } from '../support/requirements.ts';

const NOBODY = 65534;
/** An account without rights, independent of who runs the test. */
const AS_NOBODY =
  process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];

async function database(): Promise<string> {
  const dbdir = temporaryDirectory();
  const store = openRecords(dbdir);
  await put(store, CLIENT, { count: 7, last: 900 });
  await store.close();
  if (AS_NOBODY.length > 0)
    for (const path of ['', ...readdirSync(dbdir)]) chownSync(join(dbdir, path), NOBODY, NOBODY);
  chmodSync(dbdir, 0o700);
  return dbdir;
}

/** @param level of nice(1), added to that of the test */
const niced = (level: number): string[] => [
  ...AS_NOBODY,
  'nice',
  `--adjustment=${level}`,
  process.execPath,
  GREYCTL,
];

test.runIf(canRun('priorities', { programs: ['setpriv', 'nice'] })).each([11, 15, 19])(
  'at nice %i, not as root, a command does its work',
  async (level) => {
    const [program = '', ...words] = niced(level);
    const args = [...words, 'list', `--dbdir=${await database()}`, '--defaults=/dev/null', 'clients'];
    expect(execFileSync(program, args, { encoding: 'utf8' })).toContain('192.0.2.1');
  },
);

test.runIf(canRun('priorities', { programs: ['setpriv', 'nice'] })).each([[0], [5], [12]])(
  'started at nice %i it goes on at 10 or lower',
  async (level) => {
    const expected = Math.max(10, Math.min(getPriority() + level, 19));
    const [program = '', ...words] = niced(level);
    const child = spawn(
      program,
      [...words, 'explain', `--dbdir=${await database()}`, '--defaults=/dev/null'],
      {
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    // By now it waits for its input, and has loaded all that it needs: libuv's threads are there too.
    while (!readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').startsWith('greyctl explain')) await pause(10);
    const niceOf = (path: string) =>
      Number(
        readFileSync(path, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')[16],
      );
    const tasks = () =>
      readdirSync(`/proc/${child.pid}/task`).map((task) => niceOf(`/proc/${child.pid}/task/${task}/stat`));
    while (Math.min(...tasks()) !== expected && child.exitCode === null) await pause(10);
    expect(new Set(tasks())).toEqual(new Set([expected]));
    child.stdin.end();
    // There is no request on it, which is told with this status.
    expect(await once(child, 'exit')).toEqual([2, null]);
  },
);
