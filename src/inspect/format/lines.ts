/**
 * Prints lines, each a heading and a text, the texts in one column.
 */
import { printable } from '../../log/printable.ts';
import type { Paint, Style } from './terminal.ts';

/** A text with its heading. */
export type Line = readonly [heading: string, text: string, style?: Style];

const INDENT = '  ';

export function headedLines(lines: readonly Line[], paint: Paint): string[] {
  const width = Math.max(...lines.map(([heading]) => heading.length));
  return lines.map(([heading, text, style]) => {
    const shown = printable(text);
    return `${INDENT}${paint('dim', heading.padEnd(width))}  ${style === undefined ? shown : paint(style, shown)}`;
  });
}
