import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { LockWait } from '../../../src/store/sqlite/lock-wait.ts';
import { temporaryDirectory } from '../../support/daemon.ts';

/** Two connections to one database, of which the first has locked it. */
function setUp({ busyTimeoutMs }: LockWait) {
  const path = join(temporaryDirectory(), 'db');
  const [holder, waiter] = [new Database(path), new Database(path, { timeout: busyTimeoutMs })];
  onTestFinished(() => {
    holder.close();
    waiter.close();
  });
  holder.exec('CREATE TABLE t (x); BEGIN IMMEDIATE');
  let tries = 0;
  const work = () => {
    tries += 1;
    // The lock is released at the third try.
    if (tries === 3) holder.exec('ROLLBACK');
    waiter.exec('INSERT INTO t VALUES (1)');
    return tries;
  };
  return { work, tries: () => tries };
}

test('works as soon as the lock is let go', () => {
  const locks = new LockWait(2000, () => false);
  expect(locks.run(setUp(locks).work)).toBe(3);
});

test('waits no longer than it may', () => {
  const locks = new LockWait(200, () => false);
  const { work, tries } = setUp(locks);
  expect(() => locks.run(work)).toThrow('database is locked');
  expect(tries()).toBe(2);
});

test('waits no more when the program ends', () => {
  const ends = [false, true];
  const locks = new LockWait(60_000, () => ends.shift() ?? true);
  const { work, tries } = setUp(locks);
  expect(() => locks.run(work)).toThrow('database is locked');
  expect(tries()).toBe(2);
});

test('what fails for another reason is not tried again', () => {
  const locks = new LockWait(60_000, () => false);
  let tries = 0;
  const fail = () => {
    tries += 1;
    throw new Error('disk is full');
  };
  expect(() => locks.run(fail)).toThrow('disk is full');
  expect(tries).toBe(1);
});
