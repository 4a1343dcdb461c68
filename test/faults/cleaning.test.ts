/**
 * Half of all records expire. The daemon's own store thread deletes them, at four times its pace,
 * while 500 new mails a second come.
 *
 *   GREYD_CLEANING_RECORDS   how many there are (400,000)
 *
 * It measures how long greyd takes, on a disk in memory if possible: the disk's other work is
 * not greyd's. Nor is the time in which its two threads were ready and other programs had the processors,
 * which is subtracted; on a machine that does nothing else there is next to none. The same for a few
 * seconds before the cleaning begins is printed beside it.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Visit } from '../../src/greylist/visit.ts';
import { openSqliteFile } from '../../src/store/sqlite/open.ts';
import { CLEANING_PACE } from '../../src/store-thread/cleaner.ts';
import { GreylisterThread } from '../../src/store-thread/thread.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { DEFAULT_RULES } from '../support/default-rules.ts';
import { MEMORY_DISK_NEEDS, memoryDisk } from '../support/disk.ts';
import { canRun } from '../support/requirements.ts';
import { mainThread, threads, waited } from '../support/run-queue.ts';

const RECORDS = Number(process.env.GREYD_CLEANING_RECORDS ?? 400_000);
const REQUESTS_PER_SECOND = 500;
const LONGEST_MS = 50;
const DAY = 86_400;
const NOW = Math.floor(Date.now() / 1000);

const THREAD_MAIN = new URL('../../dist/store-thread/thread-main.js', import.meta.url);

/** A database of so many triplets, every second of them too old. */
function fill(dbdir: string): void {
  openSqliteFile(join(dbdir, 'greyd.db'), (file) => {
    const old = NOW - DEFAULT_RULES.maxAge - DAY;
    file
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${RECORDS})
         INSERT INTO triplets
         SELECT '192.' || i % 250 || '.' || i / 250 % 250 || '.0', 'sender' || i || '@example.net',
                'bob@example.org', iif(i % 2, :old, :now), iif(i % 2, :old, :now) FROM n`,
      )
      .run({ old, now: NOW });
    file.close();
  });
}

function visit(number: number): Visit {
  return {
    triplet: {
      kind: 'triplet',
      clientNetwork: `10.${number % 200}.0.0`,
      sender: `new${number}@example.com`,
      recipient: 'bob@example.org',
    },
    client: { kind: 'client', clientAddress: '10.0.0.1' },
    now: NOW,
  };
}

test('while half of all records are deleted, no answer is held up for more than 50 ms', async () => {
  const inMemory = canRun('cleaning on a disk in memory', MEMORY_DISK_NEEDS);
  const dbdir = inMemory ? memoryDisk(1024) : temporaryDirectory();
  fill(dbdir);
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const others = threads();
  const thread = new GreylisterThread(
    {
      dbdir,
      privacy: false,
      lookupByHost: false,
      networkLengths: { ipv4: 24, ipv6: 64 },
      sharedStore: undefined,
      hasProfiles: false,
      busyTimeoutMs: 1000,
      rules: { ...DEFAULT_RULES, maxTriplets: 0, maxNewPerClient: 0 },
      pace: { ...CLEANING_PACE, firstWalkMs: 5000, slicePauseMs: CLEANING_PACE.slicePauseMs / 4 },
    },
    { notice: say, warn: say, error: say },
    () => performance.now(),
    THREAD_MAIN,
  );
  onTestFinished(() => thread.close());
  await thread.check();
  const involved = [mainThread(), ...threads().filter((one) => !others.includes(one))];

  const asked: { readonly isCleaning: boolean; readonly took: number; readonly own: number }[] = [];
  const begin = performance.now();
  const open = new Set<Promise<void>>();
  for (let number = 0; said.length < 3; number += 1) {
    const due = begin + (number * 1000) / REQUESTS_PER_SECOND;
    await pause(Math.max(0, due - performance.now()));
    const [sentAt, waitedBefore, isCleaning] = [performance.now(), waited(involved), said.length > 0];
    const answered = thread.decide(visit(number)).then(({ reason }) => {
      expect(reason).toBe('new');
      const took = performance.now() - sentAt;
      asked.push({ isCleaning, took, own: took - (waited(involved) - waitedBefore) });
      open.delete(answered);
    });
    open.add(answered);
  }
  await Promise.all(open);

  const [, before, after] =
    /main database finished\. before: (\d+), after: (\d+)$/m.exec(said.join('\n')) ?? [];
  expect(Number(before) - Number(after)).toBe(RECORDS / 2);
  const during = asked.filter(({ isCleaning }) => isCleaning);
  const own = during.map(({ own }) => own).sort((a, b) => b - a);
  const longest = (answers: readonly { readonly took: number }[]) =>
    Math.max(...answers.map(({ took }) => took)).toFixed(1);
  console.info(
    `cleaning${inMemory ? ', in memory' : ''}: ${during.length} answers, held up by greyd for ${own[0]?.toFixed(1)} ms at most, ` +
      `one in a hundred for ${own[Math.floor(own.length / 100)]?.toFixed(1)} ms; with waiting for a processor ` +
      `${longest(during)} ms, before the cleaning ${longest(asked.filter(({ isCleaning }) => !isCleaning))} ms`,
  );
  expect(during.length).toBeGreaterThan(2000);
  expect(own[0]).toBeLessThan(LONGEST_MS);
});
