import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AttributeReader,
  MAX_FIELD_BYTES,
  MAX_GARBAGE_BYTES,
  MAX_GARBAGE_LINES,
  MAX_LINE_BYTES,
  type RawRequest,
} from '../../src/policy/attributes.ts';
import { streamInPieces } from '../support/request-bytes.ts';

const MAX_REQUEST_BYTES = 1024 * 1024;
const BOUNDS = { maxBytes: MAX_REQUEST_BYTES, maxAttributes: 1000 };

/** All requests in some bytes, pushed in chunks of a size. */
function readAll(bytes: string | Buffer, chunkSize = Number.POSITIVE_INFINITY): RawRequest[] {
  const buffer = Buffer.from(bytes);
  const chunks: Buffer[] = [];
  for (let start = 0; start < buffer.length; start += chunkSize)
    chunks.push(buffer.subarray(start, start + chunkSize));
  return readChunks(chunks);
}

function readChunks(chunks: readonly Buffer[]): RawRequest[] {
  const reader = new AttributeReader(BOUNDS);
  const requests: RawRequest[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let request = reader.next(); request !== undefined; request = reader.next()) requests.push(request);
  }
  return requests;
}

function readOne(bytes: string | Buffer): RawRequest {
  const [request, ...others] = readAll(bytes);
  if (request === undefined || others.length > 0) throw new Error('expected exactly one request');
  return request;
}

const attributesOf = (bytes: string | Buffer) => readOne(bytes).attributes;

test('lines end with LF or CR LF, an empty line ends a request', () => {
  expect(
    readAll('sender=a\n\nsender=b\r\n\r\nsender=c\n').map(({ attributes }) => attributes.sender),
  ).toEqual(['a', 'b']);
});

test('a line is split at its first =; the value may be empty or hold more of them', () => {
  expect(attributesOf('sender=\nrecipient=a=b=@example.org\n\n')).toEqual({
    sender: '',
    recipient: 'a=b=@example.org',
  });
});

test('a repeated name keeps its last value', () => {
  expect(attributesOf('sender=first\nsender=last\n\n')).toEqual({ sender: 'last' });
});

test('unknown names are skipped, names are taken as they are', () => {
  expect(attributesOf('helo_name=x\n sender=x\nSENDER=x\nsender=a\n\n')).toEqual({ sender: 'a' });
});

test('names and values are cut to 512 bytes', () => {
  const { sender } = attributesOf(`${'n'.repeat(600)}=x\nsender=${'v'.repeat(600)}\n\n`);
  expect(sender).toBe('v'.repeat(MAX_FIELD_BYTES));
});

test('the same requests come out, however the bytes are split', () => {
  const bytes =
    'request=smtpd_access_policy\r\nsender=ü@example.net\r\n\r\nrubbish\nsender=b\n\n\nsender=c\n\n';
  const whole = readAll(bytes);
  expect(whole).toHaveLength(4);
  for (let chunkSize = 1; chunkSize < bytes.length; chunkSize += 1)
    expect(readAll(bytes, chunkSize)).toEqual(whole);
});

describe('any bytes at all', () => {
  test('give the same requests in any pieces as whole', () => {
    fc.assert(
      fc.property(streamInPieces, (chunks) => {
        expect(readChunks(chunks)).toEqual(readAll(Buffer.concat(chunks)));
      }),
      { numRuns: 2000 },
    );
  });

  test('give requests within all bounds', () => {
    fc.assert(
      fc.property(streamInPieces, (chunks) => {
        for (const { attributes, garbage, garbageLines, tooLarge } of readChunks(chunks)) {
          for (const value of Object.values(attributes))
            expect(value.length).toBeLessThanOrEqual(MAX_FIELD_BYTES);
          for (const line of garbage) expect(line.length).toBeLessThanOrEqual(MAX_GARBAGE_BYTES);
          expect(garbage).toHaveLength(Math.min(garbageLines, MAX_GARBAGE_LINES));
          expect(tooLarge).toBeUndefined();
        }
      }),
    );
  });
});

test('valid UTF-8 is read as such, other bytes one by one', () => {
  const bytes = Buffer.concat([
    Buffer.from('sender=jürgen\nrecipient=j'),
    Buffer.from([0xfc, 0xff]),
    Buffer.from('rgen\n\n'),
  ]);
  expect(attributesOf(bytes)).toEqual({ sender: 'jürgen', recipient: 'jüÿrgen' });
});

describe('bounds', () => {
  test('a line without a name is garbage like one without =', () => {
    expect(readOne('=x\n=\n\n').garbage).toEqual(['=x', '=']);
  });

  test('lines without = are counted, and some of them kept in part', () => {
    const request = readOne(`${`${'x'.repeat(300)}\n`.repeat(25)}sender=a\n\n`);
    expect(request.garbageLines).toBe(25);
    expect(request.garbage).toEqual(new Array(MAX_GARBAGE_LINES).fill('x'.repeat(MAX_GARBAGE_BYTES)));
    expect(request.attributes.sender).toBe('a');
  });

  test.each([64 * 1024, 1000])('of a line of 64 KiB the head counts, in chunks of %i bytes', (chunkSize) => {
    const [request] = readAll(`sender=${'v'.repeat(64 * 1024)}\nrecipient=b\n\n`, chunkSize);
    expect(request?.attributes).toEqual({
      sender: 'v'.repeat(MAX_FIELD_BYTES),
      recipient: 'b',
    });
  });

  test('a line without end is not kept', () => {
    const reader = new AttributeReader(BOUNDS);
    for (let count = 0; count < 1000; count += 1) {
      reader.push(Buffer.alloc(1000, 'x'));
      expect(reader.next()).toBeUndefined();
      expect(reader.bufferedBytes).toBeLessThanOrEqual(MAX_LINE_BYTES);
    }
    expect(reader.unfinishedBytes).toBeGreaterThanOrEqual(1_000_000);
  });

  test('a million attributes are too large, the request after them is not', () => {
    const requests = readAll(`sender=a\n${'a=b\n'.repeat(1_000_000)}\nsender=b\n\n`, 64 * 1024);
    expect(requests.map(({ tooLarge }) => tooLarge)).toEqual([
      `more than ${MAX_REQUEST_BYTES} bytes`,
      undefined,
    ]);
    expect(requests[1]?.attributes.sender).toBe('b');
  });

  test('a request of exactly the largest size is read whole', () => {
    const head = 'sender=a\n';
    const filler = `x=${'y'.repeat(MAX_REQUEST_BYTES - head.length - 'x=\n\n'.length)}\n\n`;
    expect(readAll(head + filler, 64 * 1024).map(({ tooLarge }) => tooLarge)).toEqual([undefined]);
    expect(readAll(`${head}z${filler}`, 64 * 1024).map(({ tooLarge }) => tooLarge)).toEqual([
      `more than ${MAX_REQUEST_BYTES} bytes`,
    ]);
  });

  test('a request of exactly the most attributes is read whole', () => {
    const attributes = `sender=a\n${'a=b\n'.repeat(998)}recipient=b\n`;
    expect(attributesOf(`${attributes}\n`)).toEqual({
      sender: 'a',
      recipient: 'b',
    });
    expect(readOne(`${attributes}\n`).tooLarge).toBeUndefined();
    expect(readOne(`a=b\n${attributes}\n`).tooLarge).toBe('more than 1000 attributes');
  });
});
