/**
 * Reads that fail, or give less than asked for, on a disk whose files are sound: at each of many random reads, on each
 * file of the database, while greyd starts and while it serves. strace(1) has them fail.
 *
 *   GREYD_READ_ERRORS  how many starts, and how many reads of a running daemon (8)
 *   GREYD_FAULT_SEED   the reads of an earlier run, as far as time can be repeated
 *
 * All triplets are known and have passed. A deferred one was forgotten. SQLite reports EIO as damage
 * (SQLITE_IOERR_CORRUPTFS), and takes what a short read has not given for zeros.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { hashOf } from '../../src/greylist/keys.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { GREYCTL } from '../support/greyctl.ts';
import { forgotten, MailFlow } from '../support/mail-flow.ts';
import { randomNumbers } from '../support/random-numbers.ts';
import { canRun } from '../support/requirements.ts';
import { scriptWords } from '../support/script-words.ts';
import { inject, injecting, STRACE_NEEDS } from '../support/strace.ts';

const FAULTS = Number(process.env.GREYD_READ_ERRORS ?? 8);
const SEED = Number(process.env.GREYD_FAULT_SEED ?? Date.now() % 2 ** 31);
const TIMEOUT_MS = 300_000 + FAULTS * 10_000;

/** More pages than SQLite keeps in memory, so that a look at any of them is a read. */
const TRIPLETS = 100_000;
/** About how many times each file is read at a start; the index of the log is mapped into memory, and hardly read. */
const READS_OF_A_START = {
  'greyd.db': 40,
  'greyd.db-wal': 40,
  'greyd.db-shm': 1,
  'greyd.secret': 2,
} as const;
const FILES = ['greyd.db', 'greyd.db-wal', 'greyd.db-shm', 'greyd.secret'] as const;
/** How reads fail: at once, six in a row, and with nothing at all in place of what was asked for. */
const HOW = ['error=EIO:when=N', 'error=EIO:when=N..+5', 'retval=0:when=N', 'retval=0:when=N..+5'] as const;

/** A database in which a good part is in the log, as after a power cut. */
async function makeDatabase(triplets: number): Promise<string> {
  const dbdir = temporaryDirectory();
  await openSqliteStore(dbdir, { privacy: false, hash: (key) => hashOf(key, false) }).close();
  const file = new Database(join(dbdir, 'greyd.db'));
  file.pragma('wal_autocheckpoint = 0');
  const now = Math.floor(Date.now() / 1000);
  const insert = file.prepare("INSERT INTO triplets VALUES ('192.0.2.0', ?, 'bob@example.org', ?, ?)");
  const fill = (from: number, to: number) =>
    file.transaction(() => {
      for (let number = from; number < to; number += 1) insert.run(senderOf(number), now - 9000, now - 5000);
    })();
  fill(0, triplets / 2);
  file.pragma('wal_checkpoint(TRUNCATE)');
  fill(triplets / 2, triplets);
  const copy = temporaryDirectory();
  for (const name of ['greyd.db', 'greyd.db-wal']) copyFileSync(join(dbdir, name), join(copy, name));
  file.close();
  return copy;
}

/** In no order, as real ones. */
const senderOf = (number: number) => `s${(number * 7919) % 1_000_003}n${number}@example.net`;

/** Nothing was set aside, and all is there. */
function expectSound(dbdir: string, triplets: number, what: string): void {
  expect(
    readdirSync(dbdir).filter((name) => name.includes('damaged')),
    what,
  ).toEqual([]);
  const file = new Database(join(dbdir, 'greyd.db'));
  try {
    expect(file.pragma('integrity_check', { simple: true }), what).toBe('ok');
    const known = 'SELECT count(*) FROM triplets WHERE last_seen - first_seen >= 4000';
    expect(file.prepare(known).pluck().get(), what).toBe(triplets);
  } finally {
    file.close();
  }
}

/** The last number that `inject` in a log of strace's took part in. */
const injected = (output: string) => readFileSync(output, 'latin1').split('(INJECTED)').length - 1;

describe.skipIf(!canRun('read errors', STRACE_NEEDS))('reads that fail', () => {
  test(`${FAULTS} at a start`, { timeout: TIMEOUT_MS }, async () => {
    const random = randomNumbers(SEED);
    const few = 2000;
    const whole = await makeDatabase(few);
    let failed = 0;
    for (let fault = 0; fault < FAULTS; fault += 1) {
      const name = FILES[fault % FILES.length] ?? 'greyd.db';
      const first = 1 + Math.floor(random() * READS_OF_A_START[name]);
      const how = (HOW[Math.floor(random() * HOW.length)] ?? HOW[0])
        .replace('..+5', `..${first + 5}`)
        .replace('N', String(first));
      const what = `seed ${SEED}, start ${fault}: ${name} ${how}`;
      const dbdir = temporaryDirectory();
      cpSync(whole, dbdir, { recursive: true });
      const output = join(temporaryDirectory(), 'strace');
      // --privacy has a secret, which is read.
      const isPrivate = name === 'greyd.secret';
      if (isPrivate) {
        const before = await Daemon.start(['--privacy', '--quiet'], { dbdir });
        await before.stop();
      }
      const calls = `${name === 'greyd.db-shm' ? 'fcntl' : 'pread64,read,readv,preadv'}:${how}`;
      const launcher = ['strace', '-D', ...injecting(calls, { path: join(dbdir, name), output })];
      const daemon = await Daemon.start(isPrivate ? ['--privacy'] : [], { dbdir, launcher });
      const client = await daemon.connect();
      for (let asked = 0; asked < 20; asked += 1)
        expect(await client.ask({ sender: senderOf(Math.floor(random() * few)) }), what).toBe('DUNNO');
      // Whole again, without a restart.
      // Reads that were not made before may fail as well; then greyd works again, without a restart.
      while ((await client.ask({ sender: 'new@example.net' })) === 'DUNNO');
      client.close();
      expect(await daemon.stop(), what).toEqual({ status: 0, signal: null });
      failed += injected(output);
      if (isPrivate)
        expect(
          readdirSync(dbdir).filter((file) => file.includes('damaged')),
          what,
        ).toEqual([]);
      else expectSound(dbdir, few, what);
    }
    console.info(`read errors: seed ${SEED}, ${FAULTS} starts, ${failed} reads failed; nothing was lost`);
    expect(failed).toBeGreaterThan(FAULTS / 2);
  });

  test(`${FAULTS} of a running daemon, for each kind`, { timeout: TIMEOUT_MS }, async () => {
    const random = randomNumbers(SEED);
    const whole = await makeDatabase(TRIPLETS);
    let failed = 0;
    for (const name of ['greyd.db', 'greyd.db-wal'])
      for (const how of ['error=EIO', 'retval=0']) {
        const dbdir = temporaryDirectory();
        cpSync(whole, dbdir, { recursive: true });
        const daemon = await Daemon.start(['--quiet'], { dbdir });
        const flow = new MailFlow(daemon, 8, () => ({
          sender: senderOf(Math.floor(random() * TRIPLETS)),
        }));
        const output = join(temporaryDirectory(), 'strace');
        for (let before = failed; failed - before < FAULTS; ) {
          const first = 1 + Math.floor(random() * 20);
          const step = 20 + Math.floor(random() * 200);
          const what = `seed ${SEED}: ${name} ${how}:when=${first}+${step}`;
          const calls = `pread64:${how}:when=${first}+${step}`;
          const mend = await inject(daemon, calls, { path: join(dbdir, name), output });
          await flow.morePassed(300);
          await mend();
          failed += injected(output);
          expect(flow.deferred.size, what).toBe(0);
        }
        await flow.stop();
        expect(await daemon.stop()).toEqual({ status: 0, signal: null });
        expectSound(dbdir, TRIPLETS, `seed ${SEED}: ${name} ${how}`);
      }
    console.info(`read errors: seed ${SEED}, ${failed} reads of running daemons failed; nothing was lost`);
  });

  test.each([
    { calls: 'pread64:error=EIO', name: 'greyd.db' },
    { calls: 'pread64:error=EIO', name: 'greyd.db-wal' },
    { calls: 'pread64:retval=0', name: 'greyd.db' },
    // SQLite takes each lock of its index that fails for one that somebody else holds, and keeps those that it cannot give back.
    { calls: 'fcntl:error=EIO', name: 'greyd.db-shm' },
  ])('all of them for two seconds: $calls on $name', async ({ calls, name }) => {
    const dbdir = await makeDatabase(TRIPLETS);
    const daemon = await Daemon.start(['--quiet'], { dbdir });
    // Every other mail is of a triplet that is known.
    const flow = new MailFlow(daemon, 8, (mail) => (mail % 2 === 0 ? { sender: senderOf(mail) } : {}));
    await flow.moreDeferred(50);
    const mend = await inject(daemon, calls, { path: join(dbdir, name) });
    await daemon.logged(/store failed/);
    await pause(2000);
    await mend();
    await daemon.logged(/store works again/);
    await flow.moreDeferred(50);
    await flow.stop();
    expect([...flow.deferred.keys()].filter((sender) => /^s\d+n/.test(sender))).toEqual([]);
    expect(forgotten(flow.deferred, join(dbdir, 'greyd.db'))).toEqual([]);
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expectSound(dbdir, TRIPLETS, name);
  });

  test(`${FAULTS} of greyctl check: it never says that the database is damaged`, {
    timeout: TIMEOUT_MS,
  }, async () => {
    const random = randomNumbers(SEED);
    const dbdir = await makeDatabase(2000);
    let failed = 0;
    for (let fault = 0; fault < FAULTS; fault += 1) {
      const first = 1 + Math.floor(random() * 5);
      const how = fault % 2 === 0 ? `error=EIO:when=${first}` : `retval=0:when=${first}`;
      const output = join(temporaryDirectory(), 'strace');
      const args = injecting(`pread64:${how}`, { path: join(dbdir, 'greyd.db'), output });
      const { stdout, stderr } = spawnSync(
        'strace',
        [...args, process.execPath, ...scriptWords(GREYCTL), 'check', `--dbdir=${dbdir}`],
        { encoding: 'utf8' },
      );
      expect(stdout + stderr, `seed ${SEED}: ${how}`).toMatch(/^ok: 2000 triplets|^greyctl: cannot read /);
      failed += injected(output);
    }
    expect(failed).toBeGreaterThan(FAULTS / 2);
  });
});
