/**
 * Bytes as a policy connection might bring them, for fast-check: lines that are attributes, broken ones
 * and noise, some of them about as long as the bounds of the reader, cut into pieces anywhere.
 */
import fc from 'fast-check';
import { MAX_FIELD_BYTES, MAX_LINE_BYTES } from '../../src/policy/attributes.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

const name = fc.constantFrom(
  'request',
  'client_address',
  'client_name',
  'sender',
  'recipient',
  'instance',
  'etrn_domain',
  'helo_name',
  '__proto__',
  '',
);

const noise = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

/** Returns a line that ends a byte or two before, at or after a bound, with a `=` before or after it. */
const longLine = fc
  .tuple(
    fc.constantFrom(MAX_FIELD_BYTES, MAX_LINE_BYTES, 2 * MAX_LINE_BYTES),
    fc.integer({ min: -10, max: 10 }),
    fc.constantFrom('', 'sender=', 'client_name=', '='),
    fc.constantFrom('', '=', '=', '=x', '\r', '\0'),
  )
  .map(([length, more, head, tail]) =>
    bytes(head + 'v'.repeat(length + more - head.length - tail.length) + tail),
  );

const attribute = fc
  .tuple(name, fc.oneof(noise, fc.constantFrom('', 'a@example.net', '192.0.2.1', 'jürgen').map(Buffer.from)))
  .map(([name, value]) => Buffer.concat([bytes(`${name}=`), value]));

const line = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: attribute }, noise, longLine, fc.constant(Buffer.alloc(0))),
    fc.constantFrom('\n', '\n', '\r\n', '\n\n', '\r\n\r\n', '\r'),
  )
  .map(([content, end]) => Buffer.concat([content, bytes(end)]));

/** Cuts bytes at the given shares of their length. */
function cutAt(whole: Buffer, shares: readonly number[]): Buffer[] {
  const cuts = shares.map((share) => Math.floor(share * whole.length)).sort((a, b) => a - b);
  return [0, ...cuts].map((start, index) => whole.subarray(start, cuts[index] ?? whole.length));
}

const share = fc.double({ min: 0, max: 1, noNaN: true });

/** Some bytes of a connection, piece by piece; pieces may be empty. */
export const streamInPieces: fc.Arbitrary<Buffer[]> = fc
  .tuple(fc.array(line, { maxLength: 12 }).map(Buffer.concat), fc.array(share, { maxLength: 12 }))
  .map(([whole, shares]) => cutAt(whole, shares));
