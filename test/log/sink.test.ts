/**
 * Log lines when the stream that they go to fails.
 */
import { createWriteStream, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { LineWriter } from '../../src/log/sink.ts';
import { temporaryDirectory } from '../support/daemon.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
});

const REOPENED_MS = 1000;
const failed = (stream: Writable) => new Promise((resolve) => stream.once('error', resolve));

test('lines that come after a full disk are written when it has room again', async () => {
  const path = join(temporaryDirectory(), 'log');
  // As with standard error, the descriptor stays open.
  const toFile = (name: string) => createWriteStream('', { fd: openSync(name, 'a'), autoClose: false });
  const full = toFile('/dev/full');
  const streams = [full, toFile(path)];
  const writer = new LineWriter(() => streams.shift());
  writer.write('lost');
  await failed(full);
  writer.write('first');
  writer.write('second');
  vi.advanceTimersByTime(REOPENED_MS);
  await writer.finish();
  expect(readFileSync(path, 'utf8')).toBe('first\nsecond\n');
});

test('a stream that cannot be opened is asked for once a second, and lines wait meanwhile', async () => {
  const streams = [new PassThrough(), undefined, new PassThrough()];
  const [first, , last] = streams;
  let opened = 0;
  const writer = new LineWriter(() => {
    const stream = streams[opened];
    opened += 1;
    if (stream === undefined) throw new Error('no more processes');
    return stream;
  });
  first?.destroy(new Error('gone'));
  await failed(first as Writable);
  for (let number = 0; number < 100; number += 1) {
    writer.write(`line ${number}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(opened).toBe(1);
  vi.advanceTimersByTime(REOPENED_MS);
  expect(opened).toBe(2);
  vi.advanceTimersByTime(REOPENED_MS);
  expect(opened).toBe(3);
  const lines = String(last?.read()).split('\n');
  expect([lines.length, lines[0], lines[99]]).toEqual([101, 'line 0', 'line 99']);
});

test('what waits is bounded: lines beyond 8 MiB are lost, those before are kept, and it is told how many', async () => {
  const stream = new PassThrough();
  const writer = new LineWriter(() => stream);
  const kilobyte = 'x'.repeat(1023);
  const WRITTEN = 10_000;
  for (let number = 0; number < WRITTEN; number += 1) {
    writer.write(kilobyte);
    if (number % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve) => setImmediate(resolve));
  writer.write('there is room again');
  await writer.finish();
  const lines = text.trimEnd().split('\n');
  const kept = lines.filter((line) => line === kilobyte).length;
  // Lines that the stream had passed on before it hung are not counted.
  expect(kept).toBeGreaterThan(8 * 1024);
  expect(kept).toBeLessThan(9.5 * 1024);
  expect(lines.slice(kept)).toEqual([
    `${WRITTEN - kept} log lines dropped: the log reader is too slow`,
    'there is room again',
  ]);
});
