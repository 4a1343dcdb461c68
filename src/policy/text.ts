/**
 * Bytes from outside as text: valid UTF-8 as such, anything else byte for byte as
 * Latin-1, so that all input is text, and is written again as valid UTF-8.
 */
import { isUtf8 } from 'node:buffer';

/** Returns the text of the bytes from `start` up to `end`, which keeps no other byte in memory. */
export function textOf(bytes: Buffer, start = 0, end = bytes.length): string {
  const text = bytes.toString('latin1', start, end);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is the question here
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  return isUtf8(bytes.subarray(start, end)) ? bytes.toString('utf8', start, end) : text;
}
