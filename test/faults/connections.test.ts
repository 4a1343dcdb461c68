/**
 * Connections beyond what greyd allows, slow ones and broken ones, and requests that are too large: what is told, who
 * is closed, and that others are served. The bounds are those of "Limits" in docs/security.md.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { connectMany, HALF, TIMED_OUT, toldOnce } from '../support/flood.ts';
import type { PolicyClient } from '../support/policy-client.ts';
import { socketsOf } from '../support/process-status.ts';
import { canRun } from '../support/requirements.ts';

const GREYLISTED = /^DEFER_IF_PERMIT /;
const FULL = /^connection limit of \d+ reached /m;

test('500 halves of requests that clients close are told once', async () => {
  const daemon = await Daemon.start();
  const flood = await connectMany(daemon, 500);
  for (const client of flood) {
    client.send(HALF);
    client.socket.end();
  }
  await Promise.all(flood.map((client) => client.closed()));
  expect(await daemon.ask({ sender: 'new@example.net' })).toMatch(GREYLISTED);
  await toldOnce(daemon, /^client closed the connection in the middle of a request, after \d+ bytes$/m);
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
