/**
 * Clients that send what no Postfix would: memory stays bounded, the log says what happened, and
 * others are served meanwhile.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { type PolicyClient, requestText } from '../support/policy-client.ts';

const GREYLISTED = /^DEFER_IF_PERMIT /;
const MEGABYTE = 1024 * 1024;

/** Resident memory of the daemon in bytes. */
function memoryOf(daemon: Daemon): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Sends `count` times `bytes`, at the pace at which they are read. */
async function pour(client: PolicyClient, bytes: string | Buffer, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) {
    if (!client.socket.write(bytes)) await once(client.socket, 'drain');
  }
}

/** Bytes without order, the same each time, and without an empty line, which would end a request. */
function noiseOf(length: number): Buffer {
  const blocks = Array.from({ length: length / 64 }, (_, block) =>
    createHash('sha512').update(String(block)).digest(),
  );
  return Buffer.from(
    Buffer.concat(blocks)
      .toString('latin1')
      .replace(/\n(?=\r?\n)/g, '.'),
    'latin1',
  );
}

test('lines of 64 KiB: their heads count', async () => {
  const daemon = await Daemon.start();
  const client = await daemon.connect();
  const long = 'x'.repeat(64 * 1024);
  client.send(`${long}\nhelo_name=${long}\n${requestText({ sender: `${long}@example.net` })}`);
  expect(await client.reply()).toMatch(GREYLISTED);
  await daemon.logged(/^ignoring garbage: <x{100}>$/m);
  await daemon.logged(/ sender=x{512}, /);
});

test('a million attributes, and a line of 100 MB: too large, DUNNO, in bounded memory', async () => {
  const daemon = await Daemon.start();
  await daemon.ask();
  const before = memoryOf(daemon);
  const client = await daemon.connect();
  await pour(client, 'attribute=value\n'.repeat(10_000), 100);
  client.send('\n');
  expect(await client.reply()).toBe('DUNNO');
  await pour(client, 'x'.repeat(MEGABYTE), 100);
  expect(await daemon.ask({ sender: 'other@example.net' })).toMatch(GREYLISTED);
  client.send('\n\n');
  expect(await client.reply()).toBe('DUNNO');
  // The connection is as good as before.
  expect(await client.ask({ sender: 'same@example.net' })).toMatch(GREYLISTED);
  expect(memoryOf(daemon) - before).toBeLessThan(50 * MEGABYTE);
  expect(daemon.logLines.filter((line) => line.startsWith('request too large'))).toEqual([
    'request too large: more than 1048576 bytes',
    'request too large: more than 1048576 bytes',
  ]);
});

test('binary noise: a few lines in the log, all of them printable', async () => {
  const daemon = await Daemon.start();
  const client = await daemon.connect();
  const noise = noiseOf(256 * 1024);
  client.send(noise);
  client.socket.end('\n\n');
  await client.closed();
  expect(await daemon.ask()).toMatch(GREYLISTED);
  await daemon.stop();
  expect(daemon.log).toMatch(/^ignoring garbage: </m);
  expect(daemon.log).toMatch(/^ignoring garbage: \d+ more lines of this request$/m);
  expect(daemon.logLines.length).toBeLessThan(20);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones looked for
  expect(daemon.logLines.filter((line) => /[\x00-\x1f\x7f-\x9f]/.test(line))).toEqual([]);
});

test('half a request: told when the connection ends', async () => {
  const daemon = await Daemon.start();
  const client = await daemon.connect();
  const half = requestText().slice(0, -1);
  client.send(half);
  expect(await daemon.ask({ sender: 'other@example.net' })).toMatch(GREYLISTED);
  client.socket.end();
  await client.closed();
  await daemon.logged(
    new RegExp(`^client closed the connection in the middle of a request, after ${half.length} bytes$`, 'm'),
  );
  expect(daemon.log).not.toContain('alice@example.net');
});

test('5,000 connections, each holding half a request: others are served, all are answered', async () => {
  const daemon = await Daemon.start();
  await daemon.ask();
  const before = memoryOf(daemon);
  const clients: PolicyClient[] = [];
  while (clients.length < 5000) {
    clients.push(...(await Promise.all(Array.from({ length: 250 }, () => daemon.connect()))));
  }
  const halves = clients.map((_, number) => requestText({ sender: `s${number}x@example.net` }));
  for (const [number, client] of clients.entries()) client.send(halves[number]?.slice(0, 300) ?? '');
  expect(await daemon.ask({ sender: 'other@example.net' })).toMatch(GREYLISTED);
  expect(memoryOf(daemon) - before).toBeLessThan(100 * MEGABYTE);
  for (const [number, client] of clients.entries()) client.send(halves[number]?.slice(300) ?? '');
  const replies = await Promise.all(clients.map((client) => client.reply()));
  expect(replies.filter((reply) => !GREYLISTED.test(reply ?? ''))).toEqual([]);
  for (const client of clients) client.close();
});

test('many requests at once on one connection are answered in order', async () => {
  const daemon = await Daemon.start(['--greylist-text=for %r']);
  const client = await daemon.connect();
  const numbers = Array.from({ length: 2000 }, (_, number) => number);
  const sent = pour(
    client,
    numbers.map((number) => requestText({ recipient: `bob@n${number}.example` })).join(''),
    1,
  );
  for (const number of numbers)
    expect(await client.reply()).toBe(`DEFER_IF_PERMIT 4.2.0 for n${number}.example`);
  await sent;
});

test('a client that does not read its answers is not read from either', async () => {
  const daemon = await Daemon.start([`--greylist-text=${'x'.repeat(5000)}`]);
  const before = memoryOf(daemon);
  const client = await daemon.connect();
  client.socket.pause();
  const flood = requestText().repeat(1000);
  let isStopped = false;
  for (let sent = 0; sent < 100 && !isStopped; sent += 1) {
    // Whatever the buffers of both kernels hold goes through; then 'drain' does not come any more.
    if (!client.socket.write(flood)) {
      const drained = once(client.socket, 'drain').then(() => true);
      const served = daemon
        .ask({ sender: `s${sent}x@example.net` })
        .then(() => daemon.ask())
        .then(() => false);
      isStopped = !(await Promise.race([drained, served]));
    }
  }
  expect(isStopped).toBe(true);
  expect(memoryOf(daemon) - before).toBeLessThan(50 * MEGABYTE);
  expect(await daemon.stop()).toEqual({ status: 0, signal: null });
});

test('many thousand requests at once on many connections: others have their turn between any two', async () => {
  const daemon = await Daemon.start(['--quiet']);
  const flood = await Promise.all(Array.from({ length: 20 }, () => daemon.connect()));
  // Each is answered at once, for nothing has to be read from the database.
  const REQUESTS = 5000;
  const requests = 'request=smtpd_access_policy\n\n'.repeat(REQUESTS);
  for (const client of flood) client.send(requests);
  const [first] = flood;
  let answered = 0;
  first?.socket.on('data', (text: string) => {
    answered += text.split('\n\n').length - 1;
  });
  await first?.reply();
  const before = answered;
  await daemon.ask();
  // By then greyd has answered only a part of the flood.
  expect(answered - before).toBeLessThan(REQUESTS / 2);
  for (const client of flood) client.close();
});
