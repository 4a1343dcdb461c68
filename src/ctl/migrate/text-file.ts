/**
 * Texts of administrators: in UTF-8, or in the Latin-1 of former times, in which they are to stay.
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

export function readText(path: string): string {
  const bytes = readFileSync(path);
  return bytes.toString(encodingOf(bytes));
}

/** @param before what the file has held, whose encoding is kept */
export function textBytes(text: string, before: Buffer): Buffer {
  return Buffer.from(text, encodingOf(before));
}

function encodingOf(bytes: Buffer): 'utf8' | 'latin1' {
  return isUtf8(bytes) ? 'utf8' : 'latin1';
}
