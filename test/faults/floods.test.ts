/**
 * Floods against the real greyd: clients send too much, too slowly or nothing, and a
 * normal client must not notice. The bounds are those of "Limits" in docs/security.md.
 *
 * How long greyd takes is told without the time in which its threads, or the one that asks, were ready and
 * other programs had the processors; on a machine that does nothing else there is next to none.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { PolicyClient, requestText } from '../support/policy-client.ts';
import { MEGABYTE, memoryOf, socketsOf } from '../support/process-status.ts';
import { canRun } from '../support/requirements.ts';
import { mainThread, threads, waited } from '../support/run-queue.ts';

const GREYLISTED = /^DEFER_IF_PERMIT /;
/** All of a request but the empty line that ends it. */
const HALF = requestText({ sender: 'half@example.net' }).slice(0, -1);
/** Shell code that tests whether open files allow a flood of 5,000 in the test's own process. */
const MANY_FILES = 'files=$(ulimit -Hn); [ "$files" = unlimited ] || [ "$files" -ge 6000 ]';
const TIMED_OUT =
  /^closing connections that do not finish a request or read an answer within 2 s \(--request-timeout\)$/m;
const FULL = /^connection limit of \d+ reached /m;

/** Waits until greyd has logged a line, and sees that there is one only. */
async function toldOnce(daemon: Daemon, line: RegExp): Promise<void> {
  await daemon.logged(line);
  expect(daemon.logLines.filter((one) => line.test(one))).toHaveLength(1);
}

/** Opens connections, a bounded number at a time. */
async function connectMany(daemon: Daemon, count: number): Promise<PolicyClient[]> {
  const clients: PolicyClient[] = [];
  while (clients.length < count) {
    const next = Math.min(250, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: next }, () => daemon.connect()))));
  }
  return clients;
}

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

test('500 halves of requests that clients close are told once', async () => {
  const daemon = await Daemon.start();
  const flood = await connectMany(daemon, 500);
  for (const client of flood) {
    client.send(HALF);
    client.socket.end();
  }
  await Promise.all(flood.map((client) => client.closed()));
  expect(await daemon.ask({ sender: newSender() })).toMatch(GREYLISTED);
  await toldOnce(daemon, /^client closed the connection in the middle of a request, after \d+ bytes$/m);
});

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

test('a request that trickles in is closed as one that stands still', async () => {
  const daemon = await Daemon.start(['--request-timeout=2']);
  const client = await daemon.connect();
  const start = performance.now();
  let isClosed = false;
  const closed = client.closed().then(() => {
    isClosed = true;
  });
  for (let byte = 0; !isClosed; byte += 1) {
    client.send(HALF[byte % HALF.length] === '\n' ? 'x' : (HALF[byte % HALF.length] ?? 'x'));
    // The pace of the trickle.
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 100))]);
  }
  expect(performance.now() - start).toBeGreaterThan(2000);
  await toldOnce(daemon, TIMED_OUT);
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

describe('--max-connections', () => {
  test('beyond it, who was answered longest ago makes way; who asks stays, who is new is served', async () => {
    const daemon = await Daemon.start(['--max-connections=50']);
    const bare = socketsOf(daemon.pid);
    const busy = await daemon.connect();
    const idle = await daemon.connect();
    expect(await idle.ask()).toMatch(GREYLISTED);
    const flood: PolicyClient[] = [];
    for (let round = 0; round < 50; round += 1) {
      const more = await connectMany(daemon, 10);
      for (const client of more) client.send(HALF);
      flood.push(...more);
      expect(await busy.ask({ sender: `busy${round}x@example.net` })).toMatch(GREYLISTED);
      expect(await daemon.ask({ sender: `new${round}x@example.net` })).toMatch(GREYLISTED);
      expect(socketsOf(daemon.pid) - bare).toBeLessThanOrEqual(50 + 1);
    }
    await idle.closed();
    await Promise.all(flood.slice(0, 450).map((client) => client.closed()));
    await toldOnce(daemon, FULL);
    for (const client of flood) client.close();
  });

  const withLimit = { launcher: ['prlimit', '--nofile=256:256'] };
  test.skipIf(!canRun('the limit of open files', { programs: ['prlimit'] }))(
    '256 open files: told at the start; 1,000 connections are told once, and others are served',
    async () => {
      const daemon = await Daemon.start([], withLimit);
      expect(daemon.log).toMatch(
        /^the limit of 256 open files leaves room for 160 connections, not for the 10000 of --max-connections: /m,
      );
      const busy = await daemon.connect();
      const flood: PolicyClient[] = [];
      for (let round = 0; round < 4; round += 1) {
        flood.push(...(await connectMany(daemon, 250)));
        for (const client of flood) client.send(HALF);
        expect(await daemon.ask({ sender: `new${round}x@example.net` })).toMatch(GREYLISTED);
      }
      await toldOnce(daemon, FULL);
      // Old enough to have made way.
      await busy.closed();
      for (const client of flood) client.close();
    },
  );
});

test('--max-request-size and --max-request-attributes: DUNNO, a warning, and the connection goes on', async () => {
  const daemon = await Daemon.start(['--max-request-size=4096', '--max-request-attributes=50']);
  const client = await daemon.connect();
  expect(await client.ask()).toMatch(GREYLISTED);
  expect(await client.ask({ helo_name: 'x'.repeat(4096) })).toBe('DUNNO');
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, number) => [`a${number}`, number]));
  expect(await client.ask(many)).toBe('DUNNO');
  expect(await client.ask({ sender: 'other@example.net' })).toMatch(GREYLISTED);
  await daemon.logged(/^request too large: more than 4096 bytes$/m);
  await daemon.logged(/^request too large: more than 50 attributes$/m);
});

describe('beyond loopback', () => {
  test('is warned about, once for each endpoint', async () => {
    const daemon = await Daemon.start(['--inet=0.0.0.0:0'], { listen: [] });
    expect(daemon.log.match(/^listening on 0\.0\.0\.0:\d+, not only on loopback: /gm)).toHaveLength(1);
  });

  test('loopback and unix sockets are not', async () => {
    const unix = `--unix=${join(temporaryDirectory(), 'socket')}`;
    const daemon = await Daemon.start(['--inet=0', unix], { listen: [] });
    expect(daemon.log).not.toContain('not only on loopback');
    expect(daemon.log).toMatch(/ listening on 127\.0\.0\.1:\d+, /);
  });
});

test.skipIf(!canRun('keepalive', { programs: ['ss'] }))('vanished clients are looked for', async () => {
  const daemon = await Daemon.start();
  const client = await daemon.connect();
  await client.ask();
  const sockets = execFileSync('ss', ['-tnoH', 'state', 'established', `sport = :${daemon.port}`], {
    encoding: 'utf8',
  });
  expect(sockets).toMatch(/timer:\(keepalive,/);
});
