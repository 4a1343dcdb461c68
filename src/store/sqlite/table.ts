/**
 * One table of greyd.db, seen as what every kind of record is: two numbers under a few key columns.
 * Names of tables and columns come from the program, never from a request; values are bound.
 *
 * A walk that only reads calls JavaScript from within SQLite, row by row, and returns only
 * the key at which the next slice begins: this takes a third of the time of fetching all rows.
 */
import type { Slice } from '../store.ts';
import type { SqliteFile } from './file.ts';

export type KeyColumn = string | Buffer;
export type Row = [first: number, second: number, ...key: KeyColumn[]];

/** Records in one slice of a walk that deletes: about a millisecond of work. */
export const SLICE_ROWS = 250;

/** Records in one slice of a walk that only reads: less than a millisecond. */
const WALK_ROWS = 1000;

type VisitedRow = (...row: Row) => void;

/** Shows rows to a function, from within a statement; only one does so at a time. */
export class RowVisitor {
  #visit: VisitedRow = () => {};
  /** Rows left until the statement has to return one. */
  #left = 0;

  constructor(file: SqliteFile) {
    file.function('visit', { varargs: true }, (...row: Row) => {
      this.#visit(...row);
      this.#left -= 1;
      return this.#left === 0 ? 1 : 0;
    });
  }

  /**
   * @returns the first row that `statement` returns: the last one of the next WALK_ROWS, if there are so many
   */
  run<Result>(visit: VisitedRow, statement: () => Result): Result {
    this.#visit = visit;
    this.#left = WALK_ROWS;
    return statement();
  }
}

type IsExpired = (first: number, second: number) => boolean;

interface CleanedSlice extends Slice {
  /** undefined: there was nothing left to read. */
  readonly lastKey: readonly KeyColumn[] | undefined;
}

export class SqliteTable {
  readonly #get;
  readonly #put;
  readonly #delete;
  readonly #firstRows;
  readonly #rowsAfter;
  readonly #cleanSlice;
  readonly #visitor: RowVisitor;
  readonly #visitFirst;
  readonly #visitAfter;

  /**
   * @param keys the columns of the primary key
   * @param numbers the two other columns
   */
  constructor(
    file: SqliteFile,
    visitor: RowVisitor,
    table: string,
    keys: readonly string[],
    numbers: readonly [string, string],
  ) {
    const names = keys.join(', ');
    const marks = keys.map(() => '?').join(', ');
    const [first, second] = numbers;
    const select = `SELECT ${first}, ${second}`;
    const inOrder = `ORDER BY ${names} LIMIT ${SLICE_ROWS}`;
    this.#get = file.prepare<KeyColumn[], Row>(`${select} FROM ${table} WHERE (${names}) = (${marks})`).raw();
    this.#put = file.prepare<Row>(
      `INSERT INTO ${table} (${first}, ${second}, ${names}) VALUES (?, ?, ${marks})
       ON CONFLICT DO UPDATE SET ${first} = excluded.${first}, ${second} = excluded.${second}`,
    );
    this.#delete = file.prepare<KeyColumn[]>(`DELETE FROM ${table} WHERE (${names}) = (${marks})`);
    this.#firstRows = file.prepare<[], Row>(`${select}, ${names} FROM ${table} ${inOrder}`).raw();
    this.#rowsAfter = file
      .prepare<KeyColumn[], Row>(`${select}, ${names} FROM ${table} WHERE (${names}) > (${marks}) ${inOrder}`)
      .raw();
    this.#visitor = visitor;
    const visited = `visit(${first}, ${second}, ${names})`;
    this.#visitFirst = file
      .prepare<[], KeyColumn[]>(`SELECT ${names} FROM ${table} WHERE ${visited} ORDER BY ${names} LIMIT 1`)
      .raw();
    this.#visitAfter = file
      .prepare<KeyColumn[], KeyColumn[]>(
        `SELECT ${names} FROM ${table} WHERE (${names}) > (${marks}) AND ${visited} ORDER BY ${names} LIMIT 1`,
      )
      .raw();
    this.#cleanSlice = file.transaction((after: readonly KeyColumn[] | undefined, isExpired: IsExpired) =>
      this.#deleteExpired(after, isExpired),
    );
  }

  get(key: readonly KeyColumn[]): readonly [first: number, second: number] | undefined {
    const row = this.#get.get(...key);
    return row && [row[0], row[1]];
  }

  put(key: readonly KeyColumn[], first: number, second: number): void {
    this.#put.run(first, second, ...key);
  }

  delete(key: readonly KeyColumn[]): void {
    this.#delete.run(...key);
  }

  /**
   * Shows the next WALK_ROWS records in the order of their keys.
   * @param after the last key of the slice before; undefined: begin
   * @returns the last key of this slice; undefined: there is nothing after it
   */
  walkSlice(after: readonly KeyColumn[] | undefined, visit: VisitedRow): readonly KeyColumn[] | undefined {
    return this.#visitor.run(visit, () =>
      after === undefined ? this.#visitFirst.get() : this.#visitAfter.get(...after),
    );
  }

  /**
   * Reads the next SLICE_ROWS records in the order of their keys and deletes those that are
   * expired, in one short transaction.
   * @param after the last key of the slice before; undefined: begin
   */
  cleanSlice(after: readonly KeyColumn[] | undefined, isExpired: IsExpired): CleanedSlice {
    return this.#cleanSlice.immediate(after, isExpired);
  }

  #deleteExpired(after: readonly KeyColumn[] | undefined, isExpired: IsExpired): CleanedSlice {
    const rows = after === undefined ? this.#firstRows.all() : this.#rowsAfter.all(...after);
    let deleted = 0;
    let lastKey: readonly KeyColumn[] | undefined;
    for (const [first, second, ...key] of rows) {
      if (isExpired(first, second)) deleted += this.#delete.run(...key).changes;
      lastKey = key;
    }
    return { examined: rows.length, deleted, lastKey };
  }
}
