/**
 * Brings the schema of greyd.db up to date, and repairs changes of another program to it: what was dropped is
 * created anew;
 * a table that cannot be used is renamed, and its records are copied as far as they can be read.
 * The rest stays as it is.
 *
 * Known limit: triggers and views of others are left alone, whatever they do.
 */
import { openEmptySqliteFile, type SqliteFile, versionOf } from './file.ts';
import { MIGRATIONS, RECOUNT } from './schema.ts';

/** A table or a trigger. */
interface SchemaObject {
  readonly type: string;
  readonly name: string;
  /** For a trigger, the table that it watches. */
  readonly tbl_name: string;
  readonly sql: string;
}

interface TableColumn {
  readonly name: string;
  /** The position in the primary key, from 1 on; else 0. */
  readonly pk: number;
  readonly notnull: number;
  readonly dflt_value: string | null;
}

/** The tables that visits read. */
const RECORDS: ReadonlySet<string> = new Set(['triplets', 'clients', 'private_triplets', 'private_clients']);

/**
 * @returns what was repaired, and the loss; undefined: nothing
 * @throws SQLite's error
 */
export function prepareFile(file: SqliteFile): string | undefined {
  const version = versionOf(file);
  // A file that has lost its version would get its tables once more, which fails.
  const hasLostVersion = version === 0 && objectsOf(file).some(({ name }) => name === 'triplets');
  // Beginning a transaction waits for other writers.
  if (version < MIGRATIONS.length && !hasLostVersion) file.transaction(() => migrate(file)).immediate();
  const broken = brokenParts(file);
  if (broken.length === 0 && hasAllCounts(file) && !hasLostVersion) return undefined;
  return file.transaction(() => mend(file, broken)).immediate();
}

function migrate(file: SqliteFile): void {
  for (const migration of MIGRATIONS.slice(versionOf(file))) {
    file.exec(migration);
    file.pragma(`user_version = ${versionOf(file) + 1}`);
  }
}

/** Returns the parts of the schema that are missing or cannot be used; tables before their triggers. */
function brokenParts(file: SqliteFile): SchemaObject[] {
  const whole = openEmptySqliteFile();
  try {
    for (const migration of MIGRATIONS) whole.exec(migration);
    const there = objectsOf(file);
    return objectsOf(whole).filter((wanted) => {
      const found = there.find(({ name }) => name === wanted.name);
      if (found?.type !== wanted.type || found.tbl_name !== wanted.tbl_name) return true;
      return (
        wanted.type === 'table' && !canStandFor(columnsOf(file, wanted.name), columnsOf(whole, wanted.name))
      );
    });
  } finally {
    whole.close();
  }
}

/** Tells whether a table has all needed columns, with the same key, and no other one that needs a value. */
function canStandFor(found: readonly TableColumn[], wanted: readonly TableColumn[]): boolean {
  return (
    wanted.every(({ name, pk }) => found.some((column) => column.name === name && column.pk === pk)) &&
    found.every(
      ({ name, notnull, dflt_value, pk }) =>
        wanted.some((column) => column.name === name) || (pk === 0 && (notnull === 0 || dflt_value !== null)),
    )
  );
}

function objectsOf(file: SqliteFile): SchemaObject[] {
  return file
    .prepare<[], SchemaObject>('SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL')
    .all();
}

function columnsOf(file: SqliteFile, table: string): TableColumn[] {
  return file
    .prepare<[string], TableColumn>('SELECT name, pk, "notnull", dflt_value FROM pragma_table_info(?)')
    .all(table);
}

function hasAllCounts(file: SqliteFile): boolean {
  return Number(file.prepare('SELECT count(*) FROM record_counts').pluck().get()) === 2;
}

function mend(file: SqliteFile, broken: readonly SchemaObject[]): string {
  const lost: string[] = [];
  for (const wanted of broken) {
    const found = objectsOf(file).find(({ name }) => name === wanted.name);
    const aside = found?.type === 'table' ? freeTableName(file, wanted.name) : undefined;
    if (found?.type === 'trigger') file.exec(`DROP TRIGGER ${wanted.name}`);
    else if (found?.type === 'view') file.exec(`DROP VIEW ${wanted.name}`);
    // Its triggers go with it, under their names.
    else if (aside !== undefined) file.exec(`ALTER TABLE ${wanted.name} RENAME TO ${aside}`);
    file.exec(wanted.sql);
    const isTakenOver = aside !== undefined && takeOverRecords(file, aside, wanted.name);
    if (RECORDS.has(wanted.name) && !isTakenOver) lost.push(wanted.name);
  }
  for (const { name, sql } of brokenParts(file)) {
    file.exec(`DROP TRIGGER IF EXISTS ${name}`);
    file.exec(sql);
  }
  file.pragma(`user_version = ${MIGRATIONS.length}`);
  file.exec(RECOUNT);
  const names = broken.map(({ name }) => name).join(', ') || 'its counts and its version';
  const loss =
    lost.length > 0
      ? `; the records in ${lost.join(', ')} could not be kept: their mail is greylisted again`
      : '';
  return `another program has changed the database; repaired: ${names}${loss}`;
}

function freeTableName(file: SqliteFile, table: string): string {
  const names = new Set(objectsOf(file).map(({ name }) => name));
  for (let number = 1; ; number += 1)
    if (!names.has(`${table}_changed${number}`)) return `${table}_changed${number}`;
}

/** @returns whether all needed columns were there */
function takeOverRecords(file: SqliteFile, from: string, to: string): boolean {
  const wanted = columnsOf(file, to).map(({ name }) => name);
  const found = new Set(columnsOf(file, from).map(({ name }) => name));
  if (!wanted.every((name) => found.has(name))) return false;
  file.exec(`INSERT OR IGNORE INTO ${to} (${wanted.join(', ')}) SELECT ${wanted.join(', ')} FROM ${from}`);
  return true;
}
