/**
 * Logs as files, packed or not, and from standard input.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { linesOf, STDIN } from '../../src/mail-log/lines.ts';
import { temporaryDirectory } from '../support/daemon.ts';

const TEXT = 'one\r\ntwo jürgen\n\nlast';
const LINES = ['one', 'two jürgen', '', 'last'];

async function read(path: string, input: readonly Buffer[] = []): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of linesOf(path, Readable.from(input))) lines.push(...some);
  return lines;
}

function fileOf(bytes: string | Buffer): string {
  const path = join(temporaryDirectory(), 'log');
  writeFileSync(path, bytes);
  return path;
}

/** One chunk for each byte. */
const bytewise = (bytes: Buffer) => [...bytes].map((byte) => Buffer.of(byte));

describe.each([
  ['plain', Buffer.from(TEXT)],
  ['packed', gzipSync(TEXT)],
  ['packed in two parts', Buffer.concat([gzipSync(TEXT.slice(0, 7)), gzipSync(TEXT.slice(7))])],
])('%s', (_, bytes) => {
  test('as a file', async () => expect(await read(fileOf(bytes))).toEqual(LINES));
  test('from standard input, byte by byte', async () =>
    expect(await read(STDIN, bytewise(bytes))).toEqual(LINES));
});

test('nothing, and a single byte', async () => {
  expect(await read(fileOf(''))).toEqual([]);
  expect(await read(STDIN)).toEqual([]);
  expect(await read(fileOf('\x1f'))).toEqual(['\x1f']);
});

test('bytes that are no UTF-8 are text as well', async () => {
  expect(await read(STDIN, [Buffer.from('b\xfcro\n', 'latin1')])).toEqual(['büro']);
});

test('a line without end is skipped, and does not take the lines around it along', async () => {
  const long = Buffer.alloc(200_000, 'x');
  expect(await read(STDIN, [Buffer.from('a\n'), long, long, Buffer.from('y\nb\n')])).toEqual(['a', 'b']);
  expect(await read(STDIN, [Buffer.concat([Buffer.from('a\n'), long, Buffer.from('\nb\n')])])).toEqual([
    'a',
    'b',
  ]);
});

test.each([
  ['a file that is missing', () => '/nonexistent/log', /^cannot read \/nonexistent\/log: no such file$/],
  ['a directory', () => temporaryDirectory(), /^cannot read \S+: EISDIR/],
  ['a packed one that is cut off', () => fileOf(gzipSync(TEXT).subarray(0, -9)), /unexpected end of file$/],
  ['a packed one that is damaged', () => fileOf(Buffer.from([0x1f, 0x8b, 1, 2, 3, 4])), /^cannot read \S+: /],
])('%s is an error of one line', async (_, path, message) => {
  await expect(read(path())).rejects.toThrow(message);
});
