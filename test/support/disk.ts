/**
 * Disks of a test's own, for root: small, and gone when the test has ended.
 */
import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './daemon.ts';
import type { Needs } from './requirements.ts';

/** What a test needs to mount a file system in memory, ... */
export const MEMORY_DISK_NEEDS = {
  root: true,
  commands: ['unshare --mount mount -t tmpfs none /mnt'],
} satisfies Needs;
/** ... or one on a block device. */
export const BLOCK_DISK_NEEDS = {
  root: true,
  programs: ['mkfs.ext4', 'losetup', 'fsfreeze'],
  commands: ['losetup --find'],
} satisfies Needs;

/** A file system in memory. @returns where it is mounted */
export function memoryDisk(megabytes: number): string {
  const path = temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'greyd-test', path]);
  unmountAtTheEnd(path);
  return path;
}

/** An ext4 on a loop device. @returns where it is mounted */
export function blockDisk(megabytes: number): string {
  const image = join(temporaryDirectory(), 'image');
  writeFileSync(image, '');
  truncateSync(image, megabytes * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', image]);
  const path = temporaryDirectory();
  execFileSync('mount', ['-o', 'loop', image, path]);
  unmountAtTheEnd(path);
  return path;
}

/** The daemon is killed only after that, hence lazily. */
function unmountAtTheEnd(path: string): void {
  onTestFinished(() => void execFileSync('umount', ['--lazy', path]));
}
