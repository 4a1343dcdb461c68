/**
 * A database that does not answer in time: locked by another process, on a slow disk, on one that
 * stands still. Nobody waits longer than --store-timeout, and after the first nobody waits at all.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { BLOCK_DISK_NEEDS, blockDisk } from '../support/disk.ts';
import { forgotten, MailFlow } from '../support/mail-flow.ts';
import { canRun } from '../support/requirements.ts';
import { goThrough } from '../support/store-fault.ts';
import { inject, STRACE_NEEDS } from '../support/strace.ts';

const TIMEOUT = '--store-timeout=1';
/** The time-out, and 100 ms. */
const SLOWEST_MS = 1100;

/** Another process's hand on the database. */
function openDirectly(dbdir: string): Database.Database {
  const database = new Database(join(dbdir, 'greyd.db'));
  onTestFinished(() => void database.close());
  return database;
}

describe('a database that is locked by another process', () => {
  test.each(['IMMEDIATE', 'EXCLUSIVE'])('for long (%s): mail passes', async (kind) => {
    const daemon = await Daemon.start(['--quiet', TIMEOUT]);
    const other = openDirectly(daemon.dbdir);
    await goThrough(daemon, {
      name: `locked (${kind})`,
      cause: () => other.exec(`BEGIN ${kind}`),
      mend: () => other.exec('ROLLBACK'),
      reason: /database is locked$/,
      slowestMs: SLOWEST_MS,
    });
  });

  test('for a moment: mail waits, and none passes', async () => {
    const daemon = await Daemon.start(['--quiet', '--store-timeout=10']);
    const other = openDirectly(daemon.dbdir);
    const flow = new MailFlow(daemon);
    for (let moment = 0; moment < 5; moment += 1) {
      await flow.moreDeferred(50);
      other.exec('BEGIN IMMEDIATE');
      execFileSync('sleep', ['0.3']);
      other.exec('ROLLBACK');
    }
    await flow.moreDeferred(50);
    await flow.stop();
    expect(flow.passed).toBe(0);
    expect(daemon.log).not.toContain('store failed');
    expect(forgotten(flow.deferred, join(daemon.dbdir, 'greyd.db'))).toEqual([]);
  });
});

test.skipIf(!canRun('slow disk', STRACE_NEEDS))('a disk that takes three seconds to write', async () => {
  const daemon = await Daemon.start(['--quiet', TIMEOUT]);
  let mend = async () => {};
  await goThrough(daemon, {
    name: 'fsync takes 3 s',
    cause: async () => {
      mend = await inject(daemon, 'fsync,fdatasync:delay_enter=3s');
    },
    mend: () => mend(),
    reason: /no answer within 1 s \(--store-timeout\)$/,
    slowestMs: SLOWEST_MS,
  });
});

describe.skipIf(!canRun('frozen file system', BLOCK_DISK_NEEDS))('a file system that stands still', () => {
  /** A daemon on a disk of its own, and how to stop and go on with that. */
  async function setUp(args: readonly string[] = []) {
    const disk = blockDisk(32);
    const dbdir = join(disk, 'db');
    mkdirSync(dbdir);
    const daemon = await Daemon.start(['--quiet', TIMEOUT, ...args], { dbdir });
    let isFrozen = false;
    const freeze = () => {
      execFileSync('fsfreeze', ['--freeze', disk]);
      isFrozen = true;
    };
    const thaw = () => {
      if (isFrozen) execFileSync('fsfreeze', ['--unfreeze', disk]);
      isFrozen = false;
    };
    onTestFinished(thaw);
    return { daemon, freeze, thaw };
  }

  test('mail passes until it goes on', async () => {
    const { daemon, freeze, thaw } = await setUp();
    await goThrough(daemon, {
      name: 'fsfreeze',
      cause: freeze,
      mend: thaw,
      reason: /no answer within 1 s \(--store-timeout\)$/,
      slowestMs: SLOWEST_MS,
    });
  });

  test('a listed client is answered as fast as ever', async () => {
    const list = join(temporaryDirectory(), 'clients');
    writeFileSync(list, '203.0.113.1\n');
    const { daemon, freeze } = await setUp([`--whitelist-clients=${list}`]);
    freeze();
    const waiting = daemon.ask();
    const listed = await daemon.connect();
    let slowest = 0;
    for (let count = 0; count < 200; count += 1) {
      const begin = performance.now();
      expect(await listed.ask({ client_address: '203.0.113.1' })).toBe('DUNNO');
      slowest = Math.max(slowest, performance.now() - begin);
    }
    // The time-out of the other one, which has waited all the time, has not come yet.
    expect(daemon.log).not.toContain('store failed');
    expect(slowest).toBeLessThan(500);
    expect(await waiting).toBe('DUNNO');
  });

  test('SIGTERM ends greyd all the same', async () => {
    const { daemon, freeze, thaw } = await setUp();
    freeze();
    expect(await daemon.ask()).toBe('DUNNO');
    // Its thread is in the hands of the system until the disk goes on; the log says what greyd did before.
    daemon.kill('SIGTERM');
    await daemon.logged(/database not responding; exiting without closing it/);
    thaw();
    expect((await daemon.exited).signal).toBe('SIGKILL');
  });
});
