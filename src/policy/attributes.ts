/**
 * Bytes of a policy connection turned into attributes (Postfix SMTPD_POLICY_README):
 *
 *   request   :== *attribute LF
 *   attribute :== name "=" value LF          LF may be CR LF; a name has at least one byte
 *
 * A line is split at its first `=`, and a repeated name keeps its last value. Only the attributes
 * that greyd reads are kept, so others cost no memory, however many there are.
 * Values may hold any bytes but LF.
 *
 * How the bytes are cut into chunks makes no difference: of a longer line than MAX_LINE_BYTES its head
 * counts, so that one with no `=` in there is no attribute, whole or not.
 */
import { textOf } from './text.ts';

const ATTRIBUTE_NAMES = [
  'request',
  'client_address',
  'client_name',
  'sender',
  'recipient',
  'queue_id',
  'instance',
  'etrn_domain',
  'policy_test_time',
] as const;

export type AttributeName = (typeof ATTRIBUTE_NAMES)[number];

/** Names and values are cut to this many bytes, as in postgrey. Postfix's own limit is 2,048. */
export const MAX_FIELD_BYTES = 512;
/** What is kept of one line; the rest up to its LF is skipped. Two fields and the `=` fit in. */
export const MAX_LINE_BYTES = 2 * MAX_FIELD_BYTES + 1;
/** Beyond these a request is skipped up to its end and marked `tooLarge`. */
export interface RequestBounds {
  /** Postfix sends about 1,000. */
  readonly maxBytes: number;
  /** Known and unknown ones, repeated ones too. Postfix sends about 30. */
  readonly maxAttributes: number;
}
/** Of the lines without `=` in one request, this many are kept for the log; the others are counted. */
export const MAX_GARBAGE_LINES = 10;
/** What is kept of such a line, in bytes. */
export const MAX_GARBAGE_BYTES = 100;

const LF = 0x0a;
const CR = 0x0d;
const EQUALS = 0x3d;

/** One whole request as it was sent, before anything in it is checked. */
export interface RawRequest {
  readonly attributes: ReadonlyMap<AttributeName, string>;
  /** The first lines that were no attributes. */
  readonly garbage: readonly string[];
  /** How many such lines there were. */
  readonly garbageLines: number;
  /** The bound that the request is beyond, as `more than 1000 attributes`; its attributes are incomplete. */
  readonly tooLarge: string | undefined;
}

const knownNames: ReadonlySet<string> = new Set(ATTRIBUTE_NAMES);
const isKnown = (name: string): name is AttributeName => knownNames.has(name);

class RequestBuilder implements RawRequest {
  readonly attributes = new Map<AttributeName, string>();
  readonly garbage: string[] = [];
  garbageLines = 0;
  bytes = 0;
  #attributeLines = 0;
  readonly #bounds: RequestBounds;

  constructor(bounds: RequestBounds) {
    this.#bounds = bounds;
  }

  get tooLarge(): string | undefined {
    const { maxBytes, maxAttributes } = this.#bounds;
    if (this.bytes > maxBytes) return `more than ${maxBytes} bytes`;
    return this.#attributeLines > maxAttributes ? `more than ${maxAttributes} attributes` : undefined;
  }

  addLine(line: Buffer): void {
    if (this.tooLarge !== undefined) return;
    const equals = line.indexOf(EQUALS);
    if (equals < 1) {
      this.garbageLines += 1;
      if (this.garbage.length < MAX_GARBAGE_LINES)
        this.garbage.push(textOf(line.subarray(0, MAX_GARBAGE_BYTES)));
      return;
    }
    this.#attributeLines += 1;
    const name = line.toString('latin1', 0, Math.min(equals, MAX_FIELD_BYTES));
    if (isKnown(name)) {
      this.attributes.set(name, textOf(line.subarray(equals + 1, equals + 1 + MAX_FIELD_BYTES)));
    }
  }
}

/**
 * Takes the bytes of one connection as they come and gives whole requests back, one at a time.
 * What it holds is bounded by the caller, who stops pushing while `bufferedBytes` is high; of a
 * request that is not whole yet it holds at most one line and the values of the known attributes.
 */
export class AttributeReader {
  readonly #bounds: RequestBounds;
  #buffer: Buffer = Buffer.alloc(0);
  #request: RequestBuilder;
  /** The head of a line longer than MAX_LINE_BYTES, while the rest of it is skipped. */
  #longLine: Buffer | undefined;

  constructor(bounds: RequestBounds) {
    this.#bounds = bounds;
    this.#request = new RequestBuilder(bounds);
  }

  /** Bytes that were pushed and not yet read as lines. */
  get bufferedBytes(): number {
    return this.#buffer.length;
  }

  /** Bytes of a request that has begun and is not whole yet; 0 between requests. */
  get unfinishedBytes(): number {
    return this.#request.bytes + this.#buffer.length + (this.#longLine?.length ?? 0);
  }

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
  }

  /** The next whole request, or undefined until more bytes are pushed. */
  next(): RawRequest | undefined {
    let start = 0;
    for (let end = this.#buffer.indexOf(LF); end !== -1; end = this.#buffer.indexOf(LF, start)) {
      const line = this.#lineUpTo(start, end);
      this.#request.bytes += end + 1 - start;
      start = end + 1;
      if (line.length === 0) {
        this.#buffer = this.#buffer.subarray(start);
        const request = this.#request;
        this.#request = new RequestBuilder(this.#bounds);
        return request;
      }
      this.#request.addLine(line);
    }
    this.#keepPartialLine(start);
    return undefined;
  }

  #lineUpTo(start: number, end: number): Buffer {
    if (this.#longLine !== undefined) {
      const line = this.#longLine;
      this.#longLine = undefined;
      return line;
    }
    const line = this.#buffer.subarray(start, end);
    return (line.at(-1) === CR ? line.subarray(0, -1) : line).subarray(0, MAX_LINE_BYTES);
  }

  /** Copies what is left, so that a few bytes do not keep a whole chunk of the socket in memory. */
  #keepPartialLine(start: number): void {
    const rest = this.#buffer.subarray(start);
    if (this.#longLine === undefined && rest.length <= MAX_LINE_BYTES) {
      this.#buffer = Buffer.from(rest);
      return;
    }
    this.#longLine ??= Buffer.from(rest.subarray(0, MAX_LINE_BYTES));
    this.#request.bytes += rest.length;
    this.#buffer = Buffer.alloc(0);
  }
}
