/**
 * Writes an object on one line, for --json. JSON itself escapes only some of the characters by which a client could
 * control the terminal that shows it.
 */
import { printable } from '../../log/printable.ts';

/** Escapes these characters too; they occur in strings only, where JSON has the escape of `printable`. */
export function jsonLine(result: object): string {
  return printable(JSON.stringify(result));
}
