/**
 * The bound on answers of a server: an answer of 512 MB closes its connection, whichever command it answers,
 * before it
 * is in memory; and no other connection.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Daemon, temporaryDirectory } from '../support/daemon.ts';
import { freeServerPort } from '../support/ports.ts';
import { PRIMARY_NAME, RedisServer, until } from '../support/redis.ts';
import { canRun } from '../support/requirements.ts';
import { SHARED_STORE_NEEDS, startDaemon } from './shared-daemons.ts';

const canTest = canRun('daemons on a shared store', SHARED_STORE_NEEDS);
const canEncrypt = canRun('TLS', { programs: ['openssl'] });

const TOO_LARGE = /an answer of more than 16 MB/;
const MB = 1024 * 1024;
const CHUNK = Buffer.alloc(MB);

/** The answer of a server to a command; undefined: it floods. */
type Answer = (command: string, socket: Socket) => string | undefined;

/** Answers with 512 MB, or as much of it as is taken. */
function flood(socket: Socket, flooded: { bytes: number }): void {
  socket.write('$536870912\r\n');
  const more = () => {
    while (!socket.destroyed && flooded.bytes < 512 * MB) {
      flooded.bytes += CHUNK.length;
      if (!socket.write(CHUNK)) break;
    }
  };
  socket.on('drain', more);
  more();
}

/** A server of the test's own. @returns its port, and what it has sent of a flood */
async function start(answer: Answer) {
  const flooded = { bytes: 0 };
  const server = createServer((socket) => {
    let isFlooding = false;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      // A command is sent whole: `*2\r\n$6\r\nSELECT\r\n...`, several together.
      for (const command of chunk.toString('latin1').split(/(?=\*\d+\r\n)/)) {
        if (isFlooding) return;
        const text = answer(command, socket);
        if (text !== undefined) {
          socket.write(text);
          continue;
        }
        isFlooding = true;
        flood(socket, flooded);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, flooded };
}

/** The answers of a new Redis to an idle greyd. */
function answerAsRedis(command: string): string {
  const name = command.split('\r\n')[2]?.toUpperCase();
  if (name === 'GET') return '$-1\r\n';
  if (name === 'MGET') return '*2\r\n$-1\r\n$-1\r\n';
  if (name === 'EVAL') return ':1\r\n';
  if (name === 'PING') return '+PONG\r\n';
  if (name === 'INFO') return '$0\r\n\r\n';
  return '+OK\r\n';
}

/** The most memory that it ever had. @returns MB */
function peakOf({ pid }: Daemon): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
}

test('to the first command', async () => {
  const { port, flooded } = await start(() => undefined);
  const daemon = await startDaemon(`redis://127.0.0.1:${port}`);
  await daemon.logged(new RegExp(`store failed.*${TOO_LARGE.source}`));
  expect(await daemon.ask()).toBe('DUNNO');
  expect(flooded.bytes).toBeGreaterThan(0);
  expect(peakOf(daemon)).toBeLessThan(256);
});

test.each([
  ['a line without an end', `+${'x'.repeat(32 * MB)}`],
  ['many values in one list', `*4000000\r\n${'$3\r\nabc\r\n'.repeat(4_000_000)}`],
])('as %s', async (_, text) => {
  const { port } = await start((command) => (command.includes('GET') ? text : answerAsRedis(command)));
  const daemon = await startDaemon(`redis://127.0.0.1:${port}`);
  await daemon.logged(new RegExp(`store failed.*${TOO_LARGE.source}`));
  expect(await daemon.ask()).toBe('DUNNO');
  expect(peakOf(daemon)).toBeLessThan(256);
});

/**
 * A server that hands everything on to another one and back, and floods in place of an answer to PING.
 * @returns its port, and what it has sent of a flood to whom
 */
async function startBefore(
  { port: behind }: RedisServer,
  { tls, port = 0 }: { tls?: { key: string; cert: string }; port?: number } = {},
) {
  const flooded = { bytes: 0 };
  const closed: string[] = [];
  const serve = (socket: Socket) => {
    const other = connect(behind, '127.0.0.1');
    socket.on('error', () => {}).on('close', () => other.destroy());
    other.on('data', (chunk) => socket.write(chunk));
    socket.on('data', (chunk) => {
      if (!chunk.includes('PING')) return void other.write(chunk);
      other.destroy();
      socket.on('close', () => closed.push('flooded'));
      flood(socket, flooded);
    });
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.listen(port, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, flooded, closed };
}

describe.skipIf(!canTest)('to a ping, while greyd has nothing to do', () => {
  test('of one server', async () => {
    const { port, flooded, closed } = await startBefore(await RedisServer.start());
    const daemon = await startDaemon(`redis://127.0.0.1:${port}`);
    expect(await daemon.ask()).toMatch(/^DEFER/);
    await expect.poll(() => closed).toContain('flooded');
    expect(flooded.bytes).toBeLessThan(512 * MB);
    expect(peakOf(daemon)).toBeLessThan(256);
    expect(await daemon.ask()).toMatch(/^DEFER/);
  });

  test('of a Cluster, and again when it is connected to anew', async () => {
    const port = await freeServerPort();
    const own = ['--cluster-enabled', 'yes', '--cluster-port', String(await freeServerPort())];
    const node = await RedisServer.start([...own, '--cluster-announce-port', String(port)]);
    node.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await until(() => node.cli('CLUSTER', 'INFO').includes('cluster_state:ok'));
    const { flooded, closed } = await startBefore(node, { port });
    const daemon = await startDaemon(`redis-cluster://127.0.0.1:${port}`);
    expect(await daemon.ask()).toMatch(/^DEFER/);
    await expect.poll(() => closed.length).toBeGreaterThan(2);
    expect(flooded.bytes).toBeLessThan(512 * MB);
    expect(peakOf(daemon)).toBeLessThan(256);
  });

  test.skipIf(!canEncrypt)('with TLS', async () => {
    const tls = makeCertificate();
    const { port, flooded, closed } = await startBefore(await RedisServer.start(), { tls });
    const daemon = await startDaemon(`rediss://127.0.0.1:${port}`, `--store-ca-file=${tls.path}`);
    expect(await daemon.ask()).toMatch(/^DEFER/);
    await expect.poll(() => closed).toContain('flooded');
    expect(flooded.bytes).toBeLessThan(512 * MB);
    expect(peakOf(daemon)).toBeLessThan(256);
    expect(await daemon.ask()).toMatch(/^DEFER/);
  });
});

test.skipIf(!canTest)('of a Sentinel: those that answer as they should are asked all the same', async () => {
  const primary = await RedisServer.start();
  const good = () =>
    start((command, socket) => {
      if (!command.includes('SENTINEL')) return answerAsRedis(command);
      const port = String(primary.port);
      const text = `*2\r\n$9\r\n127.0.0.1\r\n$${port.length}\r\n${port}\r\n`;
      // It answers after the flood of the other has come.
      setTimeout(() => socket.write(text), 150);
      return '';
    });
  const bad = await start((command) => (command.includes('SENTINEL') ? undefined : answerAsRedis(command)));
  const ports = [bad, await good(), await good()].map(({ port }) => `127.0.0.1:${port}`);
  const daemon = await startDaemon(`redis-sentinel://${ports.join(',')}/${PRIMARY_NAME}`);
  expect(await daemon.ask()).toMatch(/^DEFER/);
  expect(bad.flooded.bytes).toBeGreaterThan(0);
  expect(daemon.log).not.toMatch(TOO_LARGE);
  expect(peakOf(daemon)).toBeLessThan(256);
});

function makeCertificate(): { key: string; cert: string; path: string } {
  const folder = temporaryDirectory();
  const [key, path] = [join(folder, 'key'), join(folder, 'certificate')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const form = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...form, '-keyout', key, '-out', path, ...subject], { stdio: 'ignore' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(path, 'utf8'), path };
}
