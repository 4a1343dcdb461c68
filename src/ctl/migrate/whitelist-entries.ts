/**
 * Which lines of a whitelist file are to be added to another one: its entries that are not known there, each with
 * the comment above it.
 *
 *   line :== [ pattern ] [ "#" comment ]
 *
 * A comment belongs to the next entry, and stays behind with an entry that is not taken along.
 */

/** An entry that is to be added. */
export interface NewEntry {
  /** Of its line, from 1 on. */
  readonly number: number;
  /** As they stand in the file: comments above it, and its own. */
  readonly lines: readonly string[];
}

/** The patterns of a whitelist. */
export function patternsOf(text: string): Set<string> {
  return new Set(text.split(/\r?\n/).map(patternOf).filter(Boolean));
}

/**
 * @param text of the file
 * @param known texts of files whose entries are not taken along, nor their comments
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

/** What is added to a whitelist file: the entries below a line that says where they are from. */
export function addition(from: string, entries: readonly NewEntry[]): string {
  if (entries.length === 0) return '';
  return [`# From ${from}:`, ...entries.flatMap(({ lines }) => lines), ''].join('\n');
}

function patternOf(line: string): string {
  return line.replace(/#.*$/, '').trim();
}
