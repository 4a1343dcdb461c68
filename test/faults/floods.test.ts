/**
 * Floods against the real greyd: clients send too much, too slowly or nothing, and a
 * normal client must not notice. The bounds are those of "Limits" in docs/security.md.
 *
 * How long greyd takes is told without the time in which its threads, or the one that asks, were ready and
 * other programs had the processors; on a machine that does nothing else there is next to none.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { connectMany, HALF, TIMED_OUT, toldOnce } from '../support/flood.ts';
import { PolicyClient, requestText } from '../support/policy-client.ts';
import { MEGABYTE, memoryOf, socketsOf } from '../support/process-status.ts';
import { canRun } from '../support/requirements.ts';
import { mainThread, threads, waited } from '../support/run-queue.ts';

const GREYLISTED = /^DEFER_IF_PERMIT /;
/** Shell code that tests whether open files allow a flood of 5,000 in the test's own process. */
const MANY_FILES = 'files=$(ulimit -Hn); [ "$files" = unlimited ] || [ "$files" -ge 6000 ]';

let newSenders = 0;

/** How long an answer took in milliseconds, and without what the machine held it up. */
interface Latency {
  readonly took: number;
  readonly own: number;
}

/** Asks so many times, one after the other: about new triplets and known ones in turn. */
async function latencies(client: PolicyClient, daemon: Daemon, count: number): Promise<Latency[]> {
  const involved = [mainThread(), ...threads(daemon.pid)];
  const times: Latency[] = [];
  for (let number = 0; number < count; number += 1) {
    const sender = number % 2 === 0 ? newSender() : 'known@example.net';
    const [start, waitedBefore] = [performance.now(), waited(involved)];
    const action = await client.ask({ sender });
    const took = performance.now() - start;
    times.push({ took, own: Math.max(0, took - (waited(involved) - waitedBefore)) });
    if (!GREYLISTED.test(action)) throw new Error(`not greylisted: ${action}`);
  }
  return times;
}

function newSender(): string {
  newSenders += 1;
  // No plain number at the end: greyd takes such for the same sender.
  return `new${newSenders}x@example.net`;
}

function percentile(times: readonly number[], share: number): number {
  return [...times].sort((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? Number.NaN;
}

describe.skipIf(!canRun('floods of 5,000 connections', { commands: [MANY_FILES] }))(
  'halves of requests',
  () => {
    test('5,000 of them: less than 100 MB, and a normal client has its answer within 20 ms', async () => {
      const daemon = await Daemon.start();
      const normal = await daemon.connect();
      await latencies(normal, daemon, 200);
      const before = memoryOf(daemon.pid);

      const flood = await connectMany(daemon, 5000);
      for (const client of flood) client.send(HALF);
      const times = await latencies(normal, daemon, 2000);

      expect(socketsOf(daemon.pid)).toBeGreaterThan(5000);
      const growth = memoryOf(daemon.pid) - before;
      const own = times.map((time) => time.own);
      const took = times.map((time) => time.took);
      const told = (share: number) =>
        `${percentile(own, share).toFixed(1)} ms (${percentile(took, share).toFixed(1)} ms with waiting for a processor)`;
      console.info(
        `5,000 halves: ${(growth / MEGABYTE).toFixed(1)} MB more; p50 ${told(0.5)}, p99 ${told(0.99)}`,
      );
      expect(percentile(own, 0.99)).toBeLessThan(20);
      expect(growth).toBeLessThan(100 * MEGABYTE);
    });

    test('5,000 halves of requests are closed after --request-timeout, which is told once', async () => {
      const daemon = await Daemon.start(['--request-timeout=2']);
      const idle = await daemon.connect();
      expect(await idle.ask()).toMatch(GREYLISTED);
      const flood = await connectMany(daemon, 5000);
      for (const client of flood) client.send(HALF);
      await Promise.all(flood.map((client) => client.closed()));
      await toldOnce(daemon, TIMED_OUT);
      expect(daemon.log).not.toContain('in the middle of a request');
      // The client has been idle since then, for longer than the flood: that has no limit.
      expect(await idle.ask()).toMatch(GREYLISTED);
    });
  },
);

test('100,000 requests that are none: a bounded log, and others are served', async () => {
  const daemon = await Daemon.start();
  const client = await daemon.connect();
  const wrong = 'nonsense\nrequest=smtpd_access_policy\n\n'.repeat(100);
  for (let round = 0; round < 1000; round += 1) {
    client.send(wrong);
    for (let answer = 0; answer < 100; answer += 1) expect(await client.reply()).toBe('DUNNO');
  }
  expect(await client.ask({ sender: newSender() })).toMatch(GREYLISTED);
  await toldOnce(daemon, /^5000 lines about malformed requests: further ones are only counted$/m);
  expect(daemon.logLines.length).toBeLessThan(5100);
  expect(daemon.logLines.slice(0, 10)).toContain('ignoring garbage: <nonsense>');
  expect(daemon.logLines.slice(0, 10)).toContain('attribute missing: client_address');
});

test('200 clients that do not read what they asked for: bounded memory, then closed; others are served', async () => {
  const path = join(temporaryDirectory(), 'socket');
  // A unix socket, because the system buffers little of it.
  const daemon = await Daemon.start([
    `--unix=${path}`,
    '--request-timeout=2',
    `--greylist-text=${'x'.repeat(5000)}`,
  ]);
  const before = memoryOf(daemon.pid);
  const sockets = socketsOf(daemon.pid);
  const readers = await Promise.all(Array.from({ length: 200 }, () => PolicyClient.connect({ path })));
  // 5 MB of answers for each, a gigabyte in all.
  const requests = requestText().repeat(1000);
  for (const reader of readers) {
    reader.socket.pause();
    reader.send(requests);
  }
  expect(await daemon.ask({ sender: 'other@example.net' })).toMatch(GREYLISTED);
  await expect.poll(() => socketsOf(daemon.pid)).toBe(sockets);
  await toldOnce(daemon, TIMED_OUT);
  const growth = memoryOf(daemon.pid, 'VmHWM') - before;
  console.info(`200 slow readers: at most ${(growth / MEGABYTE).toFixed(1)} MB more`);
  expect(growth).toBeLessThan(200 * MEGABYTE);
  for (const reader of readers) reader.close();
});
