/**
 * The disk under the database: full, read-only, failing, and gone.
 */
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { RECOVERY_MS } from '../../src/store-thread/circuit-breaker.ts';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { BLOCK_DISK_NEEDS, blockDisk, MEMORY_DISK_NEEDS, memoryDisk } from '../support/disk.ts';
import { canRun } from '../support/requirements.ts';
import { goThrough } from '../support/store-fault.ts';
import { inject, STRACE_NEEDS } from '../support/strace.ts';

/** --store-timeout by default, and 100 ms. Such faults are told at once, but a busy disk may be slow as well. */
const SLOWEST_MS = 2100;
const MEGABYTE = 1024 * 1024;

/** Takes all the room that is left, by a file in this folder. */
function fill(folder: string): string {
  const path = join(folder, 'something else');
  for (const size of [MEGABYTE, 4096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    }
  }
  return path;
}

describe.each([
  { kind: 'a tmpfs', make: memoryDisk, needs: MEMORY_DISK_NEEDS },
  { kind: 'an ext4', make: blockDisk, needs: BLOCK_DISK_NEEDS },
])('a full disk, $kind', ({ kind, make, needs }) => {
  test.skipIf(!canRun(`full disk, ${kind}`, needs))('mail passes until there is room', async () => {
    const disk = make(16);
    const dbdir = join(disk, 'db');
    mkdirSync(dbdir);
    const daemon = await Daemon.start(['--quiet'], { dbdir });
    let filler = '';
    await goThrough(daemon, {
      name: `disk full (${kind})`,
      cause: () => {
        filler = fill(disk);
      },
      mend: () => rmSync(filler),
      reason: /database or disk is full|disk I\/O error/,
      slowestMs: SLOWEST_MS,
    });
  });
});

test.skipIf(!canRun('full disk, known clients', MEMORY_DISK_NEEDS))(
  'on a full disk the log does not change its mind with each client that needs nothing saved',
  async () => {
    const disk = memoryDisk(16);
    const dbdir = join(disk, 'db');
    mkdirSync(dbdir);
    const daemon = await Daemon.start(['--quiet', '--allow-test-time', '--auto-whitelist-clients=1'], {
      dbdir,
    });
    const client = await daemon.connect();
    const now = 1_700_000_000;
    const known = { client_address: '203.0.113.1', policy_test_time: now };
    await client.ask({ ...known, policy_test_time: now - 600 });
    expect(await client.ask(known)).toMatch(/^PREPEND /);

    const filler = fill(disk);
    for (let number = 0; !daemon.log.includes('store failed'); number += 1)
      await client.ask({ sender: `s${number}@example.net`, policy_test_time: now });
    // The log of the database may have room left for what a check saves, though not for a mail. It is used up here,
    // where a success does not count yet.
    for (let number = 0; number < 5; number += 1)
      expect(await client.ask({ sender: 'new@example.net', policy_test_time: now })).toBe('DUNNO');
    for (let round = 0; round < 3; round += 1) {
      // Wait until a success would count.
      await pause(1.1 * RECOVERY_MS);
      expect(await client.ask(known)).toBe('DUNNO');
      expect(await client.ask({ sender: 'new@example.net', policy_test_time: now })).toBe('DUNNO');
    }
    const said = () => daemon.logLines.filter((line) => line.startsWith('store '));
    expect(said()).toEqual([expect.stringMatching(/^store failed, .* full$/)]);
    rmSync(filler);
    while (said().length === 1) await client.ask({ policy_test_time: now });
    expect(said()).toEqual([said()[0], expect.stringMatching(/^store works again, \d+ requests passed/)]);
  },
);

describe.skipIf(!canRun('failing disk', STRACE_NEEDS))('system calls that fail', () => {
  test.each([
    { calls: 'fsync,fdatasync:error=EIO', reason: /disk I\/O error/ },
    { calls: 'pwrite64:error=EIO', reason: /disk I\/O error/ },
    { calls: 'pwrite64:error=ENOSPC', reason: /disk is full|disk I\/O error/ },
    { calls: 'pwrite64:error=EROFS', reason: /disk I\/O error|readonly/ },
  ])('$calls', async ({ calls, reason }) => {
    const daemon = await Daemon.start(['--quiet']);
    let mend = async () => {};
    await goThrough(daemon, {
      name: calls,
      cause: async () => {
        mend = await inject(daemon, calls);
      },
      mend: () => mend(),
      reason,
      slowestMs: SLOWEST_MS,
    });
  });
});

const NOBODY = 65534;

describe.skipIf(!canRun('directory that nobody may write to', { root: true }))(
  'a directory made read-only',
  () => {
    function directory(): string {
      const dbdir = temporaryDirectory();
      chownSync(dbdir, NOBODY, NOBODY);
      return dbdir;
    }

    test('before the start: mail passes until it may be written to', async () => {
      const dbdir = directory();
      chmodSync(dbdir, 0o500);
      const daemon = await Daemon.start([`--user=${NOBODY}`], { dbdir });
      expect(await daemon.ask()).toBe('DUNNO');
      expect(daemon.log).toMatch(
        /store failed, .*: cannot open the database .*: unable to open database file/,
      );
      chmodSync(dbdir, 0o700);
      const client = await daemon.connect();
      while (!daemon.log.includes('store works again')) await client.ask();
      expect(await client.ask()).toMatch(/^DEFER_IF_PERMIT /);
    });

    test('while greyd runs: nothing changes, its files are open', async () => {
      const dbdir = directory();
      const daemon = await Daemon.start([`--user=${NOBODY}`], { dbdir });
      chmodSync(dbdir, 0o500);
      expect(await daemon.ask()).toMatch(/^DEFER_IF_PERMIT /);
      expect(await daemon.ask({ sender: 'other@example.net' })).toMatch(/^DEFER_IF_PERMIT /);
    });
  },
);
