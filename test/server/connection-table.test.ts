import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { QUIET_MS } from '../../src/errors/once-log.ts';
import { ConnectionTable, MAX_WAITING_CONNECTIONS } from '../../src/server/connection-table.ts';
import { PolicyClient, requestText } from '../support/policy-client.ts';
import { WakeUp } from '../support/wake-up.ts';

/** A table behind a real server, whose answers wait until they are let go, and whose clock stands. */
async function tableOf(max: number) {
  const table = new ConnectionTable(max);
  const changed = new WakeUp();
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket: Socket) => {
    accepted += 1;
    table.add({ socket, isOutgoing: false });
    changed.now();
  });
  let accepted = 0;
  let now = 0;
  const warnings: string[] = [];
  const held: ((action: string) => void)[] = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    table.destroy();
    server.close();
  });
  table.serve({
    answer: () =>
      new Promise((resolve) => {
        held.push(resolve);
        changed.now();
      }),
    closeAfterAnswer: false,
    requestBounds: { maxBytes: 10_000, maxAttributes: 100 },
    timeoutMs: 1000,
    uptime: () => now,
    warn: (text) => void warnings.push(text),
  });
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await changed.wait();
  };
  return {
    table,
    warnings,
    pass: (milliseconds: number) => {
      now += milliseconds;
      table.sweep();
    },
    client: async () => {
      const before = accepted;
      const { port } = server.address() as { port: number };
      const client = await PolicyClient.connect({ host: '127.0.0.1', port });
      await until(() => accepted > before);
      return client;
    },
    asked: (count: number) => until(() => held.length >= count),
    answerNext: (action = 'DUNNO') => held.shift()?.(action),
  };
}

test('while all are being answered a new one waits, and has the place of the first that is answered', async () => {
  const { table, client, asked, answerNext, warnings } = await tableOf(2);
  const [a, b] = [await client(), await client()];
  a.send(requestText());
  await asked(1);
  b.send(requestText());
  await asked(2);
  const c = await client();
  c.send(requestText());
  answerNext();
  expect(await a.reply()).toBe('DUNNO');
  await a.closed();
  await asked(2);
  answerNext();
  answerNext();
  expect(await b.reply()).toBe('DUNNO');
  expect(await c.reply()).toBe('DUNNO');
  expect(table.size).toBe(2);
  expect(warnings).toHaveLength(1);
});

test('of those that wait so, only MAX_WAITING: further ones are closed', async () => {
  const { client, asked } = await tableOf(1);
  (await client()).send(requestText());
  await asked(1);
  for (let waiting = 0; waiting < MAX_WAITING_CONNECTIONS; waiting += 1)
    expect((await client()).socket.closed).toBe(false);
  await (await client()).closed();
});

test('the end of a series is logged after a quiet minute, with how many were closed', async () => {
  const { client, warnings, pass } = await tableOf(1);
  const clients = [await client(), await client(), await client()];
  await Promise.all(clients.slice(0, 2).map((one) => one.closed()));
  expect(warnings).toEqual([expect.stringMatching(/^connection limit of 1 reached /)]);
  pass(QUIET_MS - 1);
  expect(warnings).toHaveLength(1);
  pass(1);
  expect(warnings.slice(1)).toEqual(['connection limit no longer reached; 2 connections were closed']);
});

test('500 halves of requests are told once, and when that is over; no more often later', async () => {
  const { client, warnings, pass, table } = await tableOf(1000);
  const half = requestText().slice(0, -1);
  const closeHalf = async () => {
    const one = await client();
    one.send(half);
    one.socket.end();
    await one.closed();
  };
  const end = (count: number) =>
    `no more connections closed in the middle of a request; ${count} ${count === 1 ? 'connection was' : 'connections were'} closed`;
  const begin = `client closed the connection in the middle of a request, after ${half.length} bytes`;
  for (let number = 0; number < 500; number += 1) await closeHalf();
  await vi.waitUntil(() => table.size === 0);
  expect(warnings).toEqual([begin]);
  pass(QUIET_MS - 1);
  expect(warnings).toHaveLength(1);
  pass(1);
  expect(warnings).toEqual([begin, end(500)]);
  pass(QUIET_MS);
  expect(warnings).toHaveLength(2);
  await closeHalf();
  await vi.waitUntil(() => table.size === 0);
  pass(QUIET_MS);
  expect(warnings).toEqual([begin, end(500), begin, end(1)]);
});

test('an answer that is not taken in time closes the connection, to the millisecond of the clock', async () => {
  const { table, client, asked, answerNext, pass, warnings } = await tableOf(2);
  const reader = await client();
  reader.socket.pause();
  reader.send(requestText());
  await asked(1);
  // More than the system holds.
  answerNext('x'.repeat(50_000_000));
  await new Promise((resolve) => setImmediate(resolve));
  pass(0);
  pass(999);
  expect(warnings).toEqual([]);
  pass(1);
  expect(warnings).toEqual([expect.stringMatching(/read an answer within 1 s \(--request-timeout\)$/)]);
  reader.socket.resume();
  expect(await reader.reply()).toBeUndefined();
  expect(table.size).toBe(0);
});
