/**
 * How large the answer is that a server is giving, in the protocol of Redis
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/, RESP2):
 *
 *   answer :== ("+" | "-" | ":") text CRLF | "$" length CRLF bytes CRLF | "*" count CRLF answer...
 *
 * Known limit: other types, which RESP3 has, are taken for lines.
 */

const LF = 0x0a;
/** Of a line, as much as a length can have. */
const MAX_HEAD = 24;
/** CRLF behind the bytes of a string. */
const END_BYTES = 2;
/** A value has at least a type and CRLF. */
const MIN_VALUE_BYTES = 3;

export class AnswerSize {
  /** Read of this answer. */
  #bytes = 0;
  /** Values that this answer has still, with the one that is being read. */
  #values = 1;
  /** Bytes of a string that are to come. */
  #string = 0;
  /** What was read of a line, up to MAX_HEAD. */
  #head = '';

  /**
   * Takes what has been read.
   * @returns how many bytes the answer has at least that is not whole yet: what was read and what was announced
   */
  add(chunk: Buffer): number {
    for (let at = 0; at < chunk.length; )
      at = this.#string > 0 ? this.#skip(chunk, at) : this.#line(chunk, at);
    return this.#bytes + this.#string + (this.#values - 1) * MIN_VALUE_BYTES;
  }

  #skip(chunk: Buffer, at: number): number {
    const length = Math.min(this.#string, chunk.length - at);
    this.#string -= length;
    this.#bytes += length;
    if (this.#string === 0) this.#endValue(0);
    return at + length;
  }

  #line(chunk: Buffer, at: number): number {
    const feed = chunk.indexOf(LF, at);
    const end = feed === -1 ? chunk.length : feed + 1;
    this.#head += chunk.toString('latin1', at, Math.min(end, at + MAX_HEAD - this.#head.length));
    this.#bytes += end - at;
    if (feed !== -1) this.#endLine();
    return end;
  }

  #endLine(): void {
    const type = this.#head[0];
    const length = Number.parseInt(this.#head.slice(1), 10);
    this.#head = '';
    if (type === '$' && length >= 0) this.#string = length + END_BYTES;
    else this.#endValue(type === '*' && length > 0 ? length : 0);
  }

  /** @param more values that it holds */
  #endValue(more: number): void {
    this.#values += more - 1;
    if (this.#values > 0) return;
    this.#values = 1;
    this.#bytes = 0;
  }
}
