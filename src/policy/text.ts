/**
 * Bytes of the outside world as text. Valid UTF-8 is read as such; anything else byte for byte as
 * Latin-1, so that whatever comes is text, and goes out again as valid UTF-8.
 */
import { isUtf8 } from 'node:buffer';

export function textOf(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is the question here
  return /^[\x00-\x7f]*$/.test(text) || !isUtf8(bytes) ? text : bytes.toString('utf8');
}
