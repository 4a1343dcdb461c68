import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type HttpAnswer, HttpServer, MAX_CONNECTIONS, MAX_HEADER_BYTES } from '../../src/http/server.ts';
import { OWN_RIGHTS } from '../support/rights.ts';

const ANSWER: HttpAnswer = { status: 200, type: 'text/x-test', text: 'größe\n' };

async function setUp() {
  const server = new HttpServer(['/a', '/b']);
  onTestFinished(() => server.destroy());
  await server.open([{ kind: 'inet', host: '127.0.0.1', port: 0, optional: false }], OWN_RIGHTS);
  const [name = ''] = server.names;
  const lines: string[] = [];
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://${name}${path}`, { method });
    return [response.status, await response.text()];
  };
  const serve = (a: () => Promise<HttpAnswer>) =>
    server.serve({ '/a': a, '/b': async () => ANSWER }, (text) => void lines.push(text));
  /** Opens a connection and sends some bytes. @returns all that comes back until it is closed */
  const raw = (bytes: string) =>
    new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(Number(name.split(':')[1]), '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.on('data', (chunk) => {
        received += chunk;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(received));
      socket.write(bytes);
    });
  return { server, name, lines, ask, serve, raw };
}

test('GET and HEAD of its paths, with or without a query', async () => {
  const { name, ask, serve } = await setUp();
  serve(async () => ANSWER);
  expect(await ask('/a')).toEqual([200, ANSWER.text]);
  expect(await ask('/b?x=1')).toEqual([200, ANSWER.text]);
  const head = await fetch(`http://${name}/a`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect(head.headers.get('content-type')).toBe('text/x-test');
  expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(ANSWER.text)));
});

test('other paths and methods are told so', async () => {
  const { name, ask, serve } = await setUp();
  serve(async () => ANSWER);
  for (const path of ['/', '/a/', '/A', '/c', '//a', '/constructor'])
    expect(await ask(path)).toEqual([404, 'not found\n']);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    expect(await ask('/a', method)).toEqual([405, 'only GET and HEAD\n']);
  const { headers } = await fetch(`http://${name}/a`, { method: 'POST', body: 'x' });
  expect(headers.get('allow')).toBe('GET, HEAD');
});

test('until it serves it says that it does not', async () => {
  const { ask, serve } = await setUp();
  expect(await ask('/a')).toEqual([503, 'greyd is starting\n']);
  serve(async () => ANSWER);
  expect(await ask('/a')).toEqual([200, ANSWER.text]);
});

test('a path that fails is told once, until it has worked again, and the others go on', async () => {
  const { ask, serve, lines } = await setUp();
  let isBroken = true;
  serve(async () => {
    if (isBroken) throw new Error('a bug');
    return ANSWER;
  });
  for (let times = 0; times < 3; times += 1)
    expect(await ask('/a')).toEqual([500, 'failed, see the log of greyd\n']);
  expect(await ask('/b')).toEqual([200, ANSWER.text]);
  expect(lines).toEqual(['--metrics: /a: a bug']);
  isBroken = false;
  expect(await ask('/a')).toEqual([200, ANSWER.text]);
  isBroken = true;
  await ask('/a');
  expect(lines).toEqual(['--metrics: /a: a bug', '--metrics: /a: a bug']);
});

test('what is no HTTP, and a head that is too large, are answered and closed', async () => {
  const { ask, serve, raw } = await setUp();
  serve(async () => ANSWER);
  expect(await raw('request=smtpd_access_policy\n\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await raw(`GET /a HTTP/1.1\r\nX: ${'x'.repeat(MAX_HEADER_BYTES)}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431 /,
  );
  expect(await raw('GET /a HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await ask('/a')).toEqual([200, ANSWER.text]);
});

test('one connection too many is closed at once, and there is room again when one has gone', async () => {
  const { ask, serve, raw } = await setUp();
  const answers: ((answer: HttpAnswer) => void)[] = [];
  serve(() => new Promise((resolve) => answers.push(resolve)));
  const request = 'GET /a HTTP/1.0\r\n\r\n';
  const held = Array.from({ length: MAX_CONNECTIONS }, () => raw(request));
  await expect.poll(() => answers.length).toBe(MAX_CONNECTIONS);
  expect(await raw(request)).toBe('');
  answers[0]?.(ANSWER);
  expect(await held[0]).toMatch(/^HTTP\/1\.1 200 /);
  expect(await ask('/b')).toEqual([200, ANSWER.text]);
});

test('one that does not finish its request is told so, and closed', async () => {
  const { serve, raw } = await setUp();
  serve(async () => ANSWER);
  expect(await raw('GET /a HTTP/1.1\r\nX:')).toMatch(/^HTTP\/1\.1 408 /);
});

test('destroyed, it leaves nobody connected and listens no more', async () => {
  const { server, serve, raw, ask } = await setUp();
  const asked: unknown[] = [];
  serve(() => new Promise(() => asked.push(true)));
  const waiting = raw('GET /a HTTP/1.0\r\n\r\n');
  await expect.poll(() => asked.length).toBe(1);
  server.destroy();
  expect(await waiting).toBe('');
  await expect(ask('/a')).rejects.toThrow('fetch failed');
});
