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
 * How the bytes are cut into chunks makes no difference. Only the first MAX_LINE_BYTES of a line
 * count: a line with no `=` in these is no attribute.
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
  'sasl_username',
  'policy_context',
  'policy_test_time',
] as const;

export type AttributeName = (typeof ATTRIBUTE_NAMES)[number];

/** Names and values are cut to this many bytes, as in postgrey. Postfix's own limit is 2,048. */
export const MAX_FIELD_BYTES = 512;
/** Kept of one line; the rest up to its LF is skipped. Two fields and the `=` fit in. */
export const MAX_LINE_BYTES = 2 * MAX_FIELD_BYTES + 1;
/** A request beyond these bounds is skipped up to its end and marked `tooLarge`. */
export interface RequestBounds {
  /** Postfix sends about 1,000. */
  readonly maxBytes: number;
  /** Known, unknown and repeated attributes. Postfix sends about 30. */
  readonly maxAttributes: number;
}
/** Maximum number of lines without `=` kept for the log of one request; further ones are counted. */
export const MAX_GARBAGE_LINES = 10;
/** Kept of such a line, in bytes. */
export const MAX_GARBAGE_BYTES = 100;

const CR = 0x0d;
const EQUALS = 0x3d;

/** One complete request as it was sent, with nothing checked. */
export interface RawRequest {
  readonly attributes: Readonly<Partial<Record<AttributeName, string>>>;
  /** The first lines that were no attributes. */
  readonly garbage: readonly string[];
  /** The number of such lines. */
  readonly garbageLines: number;
  /** The bound that the request exceeds, as `more than 1000 attributes`; its attributes are incomplete. */
  readonly tooLarge: string | undefined;
}

/** The names by length: most other attributes are told apart by length alone, without a look at their letters. */
const LONGEST = Math.max(...ATTRIBUTE_NAMES.map(({ length }) => length));
const NAMES_OF_LENGTH = Array.from({ length: LONGEST + 1 }, (_, length) =>
  ATTRIBUTE_NAMES.filter((name) => name.length === length),
);

/** Bytes, and the same as text, one character for each byte. */
interface Bytes {
  readonly bytes: Buffer;
  readonly text: string;
}

const NO_BYTES: Bytes = { bytes: Buffer.alloc(0), text: '' };

function withText(bytes: Buffer): Bytes {
  return { bytes, text: bytes.toString('latin1') };
}

class RequestBuilder implements RawRequest {
  readonly attributes: Partial<Record<AttributeName, string>> = {};
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

  /** Adds the line from `start` up to `end`. */
  addLine({ bytes, text }: Bytes, start: number, end: number): void {
    if (this.tooLarge !== undefined) return;
    let equals = start;
    while (equals < end && text.charCodeAt(equals) !== EQUALS) equals += 1;
    if (equals === start || equals === end) {
      this.garbageLines += 1;
      if (this.garbage.length < MAX_GARBAGE_LINES)
        this.garbage.push(textOf(bytes, start, Math.min(end, start + MAX_GARBAGE_BYTES)));
      return;
    }
    this.#attributeLines += 1;
    for (const name of NAMES_OF_LENGTH[equals - start] ?? []) {
      if (!text.startsWith(name, start)) continue;
      const value = equals + 1;
      this.attributes[name] = textOf(bytes, value, Math.min(end, value + MAX_FIELD_BYTES));
    }
  }
}

/**
 * Takes the bytes of one connection as they come and returns complete requests, one at a time.
 * The caller bounds the memory by pushing nothing while `bufferedBytes` is high; for an
 * incomplete request it holds at most one line and the values of the known attributes.
 */
export class AttributeReader {
  readonly #bounds: RequestBounds;
  #unread = NO_BYTES;
  /** Everything before this position was read. */
  #at = 0;
  #request: RequestBuilder;
  /** The head of a line longer than MAX_LINE_BYTES, while the rest of it is skipped. */
  #longLine: Bytes | undefined;

  constructor(bounds: RequestBounds) {
    this.#bounds = bounds;
    this.#request = new RequestBuilder(bounds);
  }

  /** Bytes that were pushed and not yet read as lines. */
  get bufferedBytes(): number {
    return this.#unread.bytes.length - this.#at;
  }

  /** Bytes of a request that has begun and is incomplete; 0 between requests. */
  get unfinishedBytes(): number {
    return this.#request.bytes + this.bufferedBytes + (this.#longLine?.bytes.length ?? 0);
  }

  push(chunk: Buffer): void {
    this.#unread = withText(this.bufferedBytes === 0 ? chunk : Buffer.concat([this.#rest(), chunk]));
    this.#at = 0;
  }

  /** Returns the next complete request, or undefined until more bytes are pushed. */
  next(): RawRequest | undefined {
    const { text } = this.#unread;
    for (let end = text.indexOf('\n', this.#at); end !== -1; end = text.indexOf('\n', this.#at)) {
      const start = this.#at;
      this.#at = end + 1;
      this.#request.bytes += this.#at - start;
      const lineEnd = end > start && text.charCodeAt(end - 1) === CR ? end - 1 : end;
      if (this.#longLine === undefined && lineEnd === start) {
        const request = this.#request;
        this.#request = new RequestBuilder(this.#bounds);
        return request;
      }
      this.#addLine(start, lineEnd);
    }
    this.#keepPartialLine();
    return undefined;
  }

  #addLine(start: number, end: number): void {
    if (this.#longLine === undefined) {
      this.#request.addLine(this.#unread, start, Math.min(end, start + MAX_LINE_BYTES));
      return;
    }
    this.#request.addLine(this.#longLine, 0, MAX_LINE_BYTES);
    this.#longLine = undefined;
  }

  /** Copies the rest, so that a few bytes do not keep a whole chunk of the socket in memory. */
  #keepPartialLine(): void {
    const rest = this.#rest();
    if (rest.length === 0) {
      this.#unread = NO_BYTES;
    } else if (this.#longLine === undefined && rest.length <= MAX_LINE_BYTES) {
      this.#unread = withText(Buffer.from(rest));
    } else {
      this.#longLine ??= withText(Buffer.from(rest.subarray(0, MAX_LINE_BYTES)));
      this.#request.bytes += rest.length;
      this.#unread = NO_BYTES;
    }
    this.#at = 0;
  }

  #rest(): Buffer {
    return this.#unread.bytes.subarray(this.#at);
  }
}
