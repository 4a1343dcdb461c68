/**
 * Finds the lines of a whitelist file to add to another one: the entries that it does not have yet, each with the
 * comment above it.
 *
 *   line :== [ pattern ] [ "#" comment ]
 *
 * A comment belongs to the next entry, and is left out if that entry is.
 */

/** An entry to add. */
export interface NewEntry {
  /** Line number, from 1. */
  readonly number: number;
  /** The lines of the file: the comments above the entry, and its own. */
  readonly lines: readonly string[];
}

/** Returns the patterns of a whitelist. */
export function patternsOf(text: string): Set<string> {
  return new Set(text.split(/\r?\n/).map(patternOf).filter(Boolean));
}

/**
 * @param text of the file
 * @param known texts of files whose entries and comments are left out
 */
export function newEntries(text: string, known: readonly string[]): NewEntry[] {
  const patterns = new Set(known.flatMap((one) => [...patternsOf(one)]));
  const comments = new Set(known.flatMap((one) => one.split(/\r?\n/).map((line) => line.trim())));
  const entries: NewEntry[] = [];
  let above: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const pattern = patternOf(line);
    if (pattern === '') {
      if (!comments.has(line.trim())) above.push(line);
      continue;
    }
    if (!patterns.has(pattern)) entries.push({ number: index + 1, lines: [...above, line] });
    patterns.add(pattern);
    above = [];
  }
  return entries;
}

/** Returns the text to add to a whitelist file: the entries below a line that names their origin. */
export function addition(from: string, entries: readonly NewEntry[]): string {
  if (entries.length === 0) return '';
  return [`# From ${from}:`, ...entries.flatMap(({ lines }) => lines), ''].join('\n');
}

function patternOf(line: string): string {
  return line.replace(/#.*$/, '').trim();
}
