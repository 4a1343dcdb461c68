/**
 * Reads and writes text files of administrators: UTF-8, or old Latin-1, which is kept.
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

export function readText(path: string): string {
  const bytes = readFileSync(path);
  return bytes.toString(encodingOf(bytes));
}

/** @param before the former content of the file, whose encoding is kept */
export function textBytes(text: string, before: Buffer): Buffer {
  return Buffer.from(text, encodingOf(before));
}

function encodingOf(bytes: Buffer): 'utf8' | 'latin1' {
  return isUtf8(bytes) ? 'utf8' : 'latin1';
}
