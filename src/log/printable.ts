/**
 * Text that is safe to print: what a client sent must not be able to end a log line early, move
 * the cursor of the terminal that shows it, or turn the reading direction around.
 */

/** C0 and C1 controls, DEL, line and paragraph separators, and the bidirectional controls. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to find
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Writes each unprintable character as `\u001b`, the escape of JSON; all other text stays as it is. */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
