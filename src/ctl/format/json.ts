/**
 * An object on a line, for --json. JSON itself escapes only some of the characters by which a client could take hold of
 * the terminal that shows it.
 */
import { printable } from '../../log/printable.ts';

/** They stand in strings alone, where the escape of `printable` is JSON's own. */
export function jsonLine(result: object): string {
  return printable(JSON.stringify(result));
}
