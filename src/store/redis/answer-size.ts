/**
 * Measures the answer that a server is sending, in the protocol of Redis
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/, RESP2):
 *
 *   answer :== ("+" | "-" | ":") text CRLF | "$" length CRLF bytes CRLF | "*" count CRLF answer...
 *
 * Known limit: other types, which RESP3 has, count as lines.
 */

const LF = 0x0a;
/** The part of a line that can hold a length, in bytes. */
const MAX_HEAD = 24;
/** CRLF after the bytes of a string. */
const END_BYTES = 2;
/** A value has at least a type and CRLF. */
const MIN_VALUE_BYTES = 3;

export class AnswerSize {
  /** Bytes read of this answer. */
  #bytes = 0;
  /** Values left in this answer, including the current one. */
  #values = 1;
  /** Bytes left of a string. */
  #string = 0;
  /** The beginning of the current line, up to MAX_HEAD. */
  #head = '';

  /**
   * Takes bytes as they are read.
   * @returns the minimum size of an incomplete answer, in bytes: what was read and what was announced
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

  /** @param more values inside this one */
  #endValue(more: number): void {
    this.#values += more - 1;
    if (this.#values > 0) return;
    this.#values = 1;
    this.#bytes = 0;
  }
}
