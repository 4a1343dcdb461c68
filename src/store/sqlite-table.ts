/**
 * One table of greyd.db, seen as what every kind of record is: two numbers under a few key columns.
 * Names of tables and columns come from the program, never from a request; values are bound.
 */
import type { SqliteFile } from './sqlite-file.ts';
import type { Slice } from './store.ts';

export type KeyColumn = string | Buffer;
type Row = [first: number, second: number, ...key: KeyColumn[]];

/** Records that one slice of a cleaning walk looks at: about a millisecond of work. */
export const SLICE_ROWS = 250;

export class SqliteTable {
  readonly #file: SqliteFile;
  readonly #get;
  readonly #put;
  readonly #delete;
  readonly #firstRows;
  readonly #rowsAfter;

  /**
   * @param keys the columns of the primary key
   * @param numbers the two other columns
   */
  constructor(file: SqliteFile, table: string, keys: readonly string[], numbers: readonly [string, string]) {
    const names = keys.join(', ');
    const marks = keys.map(() => '?').join(', ');
    const [first, second] = numbers;
    const select = `SELECT ${first}, ${second}`;
    const inOrder = `ORDER BY ${names} LIMIT ${SLICE_ROWS}`;
    this.#file = file;
    this.#get = file.prepare<KeyColumn[], Row>(`${select} FROM ${table} WHERE (${names}) = (${marks})`).raw();
    this.#put = file.prepare<Row>(
      `INSERT OR REPLACE INTO ${table} (${first}, ${second}, ${names}) VALUES (?, ?, ${marks})`,
    );
    this.#delete = file.prepare<KeyColumn[]>(`DELETE FROM ${table} WHERE (${names}) = (${marks})`);
    this.#firstRows = file.prepare<[], Row>(`${select}, ${names} FROM ${table} ${inOrder}`).raw();
    this.#rowsAfter = file
      .prepare<KeyColumn[], Row>(`${select}, ${names} FROM ${table} WHERE (${names}) > (${marks}) ${inOrder}`)
      .raw();
  }

  get(key: readonly KeyColumn[]): readonly [first: number, second: number] | undefined {
    const row = this.#get.get(...key);
    return row && [row[0], row[1]];
  }

  put(key: readonly KeyColumn[], first: number, second: number): void {
    this.#put.run(first, second, ...key);
  }

  /** Walks over the table in the order of its keys; each step is one short transaction. */
  *clean(isExpired: (first: number, second: number) => boolean): Generator<Slice, void> {
    const cleanSlice = this.#file.transaction((after: KeyColumn[] | undefined) => {
      const rows = after === undefined ? this.#firstRows.all() : this.#rowsAfter.all(...after);
      let deleted = 0;
      for (const [first, second, ...key] of rows) {
        if (isExpired(first, second)) deleted += this.#delete.run(...key).changes;
      }
      return { examined: rows.length, deleted, lastKey: rows.at(-1)?.slice(2) as KeyColumn[] | undefined };
    });
    let after: KeyColumn[] | undefined;
    do {
      const { lastKey, ...slice } = cleanSlice.immediate(after);
      yield slice;
      after = lastKey;
    } while (after !== undefined);
  }
}
