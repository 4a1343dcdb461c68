/**
 * Bytes of the outside world as text. Valid UTF-8 is read as such; anything else byte for byte as
 * Latin-1, so that whatever comes is text, and goes out again as valid UTF-8.
 */
import { isUtf8 } from 'node:buffer';

/** The text of the bytes from `start` up to `end`. It keeps no other byte in memory. */
export function textOf(bytes: Buffer, start = 0, end = bytes.length): string {
  const text = bytes.toString('latin1', start, end);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is the question here
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  return isUtf8(bytes.subarray(start, end)) ? bytes.toString('utf8', start, end) : text;
}
