/**
 * Reads the lines of logs, plain or compressed by gzip, which shows in the first two bytes (RFC 1952). A log is read
 * as a stream, never as a whole.
 *
 * A line of more than MAX_LINE_BYTES is skipped: syslog daemons cut lines far below that.
 */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { textOf } from '../policy/text.ts';

const MAX_LOG_LINE_BYTES = 64 * 1024;

const [LF, CR] = [0x0a, 0x0d];
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** Stands for standard input, in place of a file. */
export const STDIN = '-';

/**
 * Yields the lines of one log, as many at a time as arrive together.
 * @param input is read for STDIN
 * @throws (rejects) if it cannot be read to its end
 */
export async function* linesOf(path: string, input: Readable): AsyncGenerator<readonly string[], void> {
  try {
    yield* splitLines(unpacked(path === STDIN ? input : createReadStream(path)));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such file' : message;
    throw new Error(`cannot read ${path === STDIN ? 'standard input' : path}: ${reason}`);
  }
}

async function* unpacked(source: Readable): AsyncGenerator<Buffer, void> {
  const chunks: AsyncIterator<Buffer> = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < GZIP_MAGIC.length) {
    const { done, value } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const all = following(head, chunks);
  yield* head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC) ? gunzip(all) : all;
}

async function* following(head: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  yield head;
  yield* { [Symbol.asyncIterator]: () => chunks };
}

async function* gunzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const packed = Readable.from(source);
  const plain = createGunzip();
  packed.on('error', (error) => plain.destroy(error)).pipe(plain);
  yield* plain;
}

async function* splitLines(source: AsyncIterable<Buffer>): AsyncGenerator<string[], void> {
  let rest: Buffer = Buffer.alloc(0);
  let isSkipping = false;
  for await (const chunk of source) {
    const lines: string[] = [];
    const bytes = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      if (!isSkipping && end - start <= MAX_LOG_LINE_BYTES) lines.push(lineOf(bytes.subarray(start, end)));
      isSkipping = false;
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (isSkipping || rest.length > MAX_LOG_LINE_BYTES) {
      isSkipping = true;
      rest = Buffer.alloc(0);
    }
    yield lines;
  }
  if (rest.length > 0) yield [lineOf(rest)];
}

function lineOf(bytes: Buffer): string {
  return textOf(bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes);
}
