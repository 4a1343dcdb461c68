/**
 * A file system that the system makes read-only because of an error (`errors=remount-ro`, Debian's
 * default), and that an administrator unmounts, mends and mounts again while greyd runs.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { BLOCK_DISK_NEEDS, blockDisk } from '../support/disk.ts';
import { canRun } from '../support/requirements.ts';
import { goThrough } from '../support/store-fault.ts';

const NEEDS = {
  ...BLOCK_DISK_NEEDS,
  programs: [...BLOCK_DISK_NEEDS.programs, 'findmnt', 'e2fsck'],
};

const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8' }).trim();

test.skipIf(!canRun('file system made read-only', NEEDS))(
  'mail passes until the file system is repaired, which greyd does not prevent',
  async () => {
    const disk = blockDisk(32);
    run('mount', '-o', 'remount,errors=remount-ro', disk);
    const device = run('findmnt', '--noheadings', '--output=SOURCE', disk);
    // A loop device goes away when nobody uses it.
    const inUse = openSync(device, 'r');
    onTestFinished(() => closeSync(inUse));
    // A folder down: while nothing is mounted greyd makes none, and so begins no database there.
    const dbdir = join(disk, 'lib', 'greyd');
    mkdirSync(dbdir, { recursive: true });
    const daemon = await Daemon.start(['--quiet'], { dbdir });
    await goThrough(daemon, {
      name: 'file system made read-only by an error',
      cause: () => writeFileSync(`/sys/fs/ext4/${device.replace('/dev/', '')}/trigger_fs_error`, 'a test'),
      mend: async () => {
        run('umount', disk);
        // 1: errors were corrected, 8: it is in use, by who has begun mounts of his own before and will soon end.
        await expect.poll(() => spawnSync('e2fsck', ['-p', device]).status).toBe(1);
        run('mount', device, disk);
      },
      reason: /disk I\/O error|readonly database|unable to open/,
      slowestMs: 1000,
    });
    expect(readdirSync(dbdir).filter((name) => name.includes('damaged'))).toEqual([]);
  },
);
