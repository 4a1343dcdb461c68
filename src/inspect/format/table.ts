/**
 * Prints rows for people on a terminal, and for programs elsewhere:
 *
 *   terminal   a heading, columns as wide as their widest value in the first rows, colours
 *   elsewhere  a line for each row, its columns separated by tabs
 *   --json     an object on a line for each row
 *
 * Rows are printed as they come. Known limit: a character is taken to be one column wide.
 */

import type { Writable } from 'node:stream';
import { printable } from '../../log/printable.ts';
import { jsonLine } from './json.ts';
import { roomIn } from './room.ts';
import type { Paint, Style, Terminal } from './terminal.ts';

/** Where a table is shown. */
export interface Screen {
  readonly output: Writable;
  readonly isJson: boolean;
  /** undefined: the output goes to a file or another program. */
  readonly terminal: Terminal | undefined;
  readonly paint: Paint;
}

export interface Column<Row> {
  readonly heading: string;
  readonly text: (row: Row) => string;
  readonly isNumber?: boolean;
  readonly style?: (row: Row) => Style | undefined;
  /** Draws the last column on a terminal, in place of `text`; the result is printed as it is. */
  readonly draw?: (row: Row, paint: Paint) => string;
}

export interface TableForm<Row> {
  readonly columns: readonly Column<Row>[];
  /** Returns the object for --json. */
  readonly toObject: (row: Row) => object;
}

/**
 * Prints rows, a group of them at a time, and waits for the reader.
 * @returns the number of rows
 */
export async function printTable<Row>(
  groups: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  form: TableForm<Row>,
  { output, isJson, terminal, paint }: Screen,
): Promise<number> {
  const lineOf = isJson ? (row: Row) => jsonLine(form.toObject(row)) : tabbed(form.columns);
  let count = 0;
  let aligned: ((row: Row) => string) | undefined;
  for await (const rows of groups) {
    if (rows.length === 0) continue;
    count += rows.length;
    let text = '';
    if (terminal !== undefined && !isJson && aligned === undefined) {
      const widths = widthsOf(form.columns, rows);
      text = `${heading(form.columns, widths, paint)}\n`;
      aligned = (row) => alignedLine(form.columns, widths, row, paint);
    }
    text += rows.map((row) => `${(aligned ?? lineOf)(row)}\n`).join('');
    output.write(text);
    await roomIn(output);
  }
  return count;
}

function tabbed<Row>(columns: readonly Column<Row>[]): (row: Row) => string {
  return (row) => columns.map(({ text }) => printable(text(row))).join('\t');
}

function widthsOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): number[] {
  return columns.map(({ heading, text }) =>
    rows.reduce((width, row) => Math.max(width, printable(text(row)).length), heading.length),
  );
}

function heading<Row>(columns: readonly Column<Row>[], widths: readonly number[], paint: Paint): string {
  const cells = columns.map((column, index) => padded(column.heading, widths[index] ?? 0, column.isNumber));
  return paint('bold', cells.join('  ').trimEnd());
}

function alignedLine<Row>(
  columns: readonly Column<Row>[],
  widths: readonly number[],
  row: Row,
  paint: Paint,
): string {
  const cells = columns.map(({ text, isNumber, style, draw }, index) => {
    if (draw !== undefined) return draw(row, paint);
    const isLast = index === columns.length - 1 && !isNumber;
    const cell = padded(printable(text(row)), isLast ? 0 : (widths[index] ?? 0), isNumber);
    const chosen = style?.(row);
    return chosen === undefined ? cell : paint(chosen, cell);
  });
  return cells.join('  ');
}

function padded(text: string, width: number, isNumber = false): string {
  return isNumber ? text.padStart(width) : text.padEnd(width);
}
