/**
 * Reads one whitelist file, line by line:
 *
 *   line :== [ pattern ] [ "#" comment ]      blanks around the pattern do not count
 *
 * A `#` starts a comment anywhere, inside a regular expression too. A line that is no pattern is
 * skipped with a warning that names file and line and shows its beginning.
 */
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorText } from '../errors/text.ts';

/** Requests get their turn after this many lines: a long file must not delay them. */
const LINES_PER_TURN = 100;

/**
 * Maximum length that a warning shows of a pattern, and of the reason, in characters: the file may be no
 * whitelist at all.
 */
const MAX_SHOWN = 200;

/** A line with a pattern. */
export interface WhitelistLine {
  readonly file: string;
  /** Counted from 1. */
  readonly number: number;
  /** Without its comment; with further words where the list has them. */
  readonly pattern: string;
}

/** Adds one line; throws with the reason in one line if it holds no pattern. */
export type AddLine = (line: WhitelistLine) => void;

/** What a line holds beside its comment: a pattern alone, or words that the list understands. */
export type LineForm = 'one word' | 'words';

/**
 * @returns a warning for each skipped line
 * @throws (rejects) if the file cannot be read; nothing was added then
 */
export async function readWhitelistFile(
  path: string,
  add: AddLine,
  form: LineForm = 'one word',
): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/);
  const warnings: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (index % LINES_PER_TURN === LINES_PER_TURN - 1) await nextTurn();
    const pattern = line.replace(/#.*$/, '').trim();
    if (pattern === '') continue;
    try {
      if (form === 'one word' && /\s/.test(pattern)) throw new Error('a pattern must not contain blanks');
      add({ file: path, number: index + 1, pattern });
    } catch (error) {
      const reason = errorText(error);
      warnings.push(`${path} line ${index + 1}: skipped ${shownLine(pattern)}: ${shownLine(reason)}`);
    }
  }
  return warnings;
}

function shownLine(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
