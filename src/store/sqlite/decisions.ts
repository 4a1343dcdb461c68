/**
 * Counts of decisions per hour in greyd.db.
 */
import type { DecisionCount } from '../../decisions/counters.ts';
import type { SqliteFile } from './file.ts';

export class SqliteDecisions {
  readonly #add;
  readonly #forget;
  readonly #all;
  /** Adds all or nothing: inside a transaction it is a savepoint. */
  readonly #addTogether;

  constructor(file: SqliteFile) {
    this.#add = file.prepare<DecisionCount>(
      `INSERT INTO decisions (hour, action, reason, waited, count) VALUES (@hour, @action, @reason, @waited, @count)
       ON CONFLICT DO UPDATE SET count = count + excluded.count`,
    );
    this.#forget = file.prepare<[number]>('DELETE FROM decisions WHERE hour < ?');
    this.#all = file.prepare<[], DecisionCount>('SELECT hour, action, reason, waited, count FROM decisions');
    this.#addTogether = file.transaction((counts: readonly DecisionCount[], before: number) => {
      for (const count of counts) this.#add.run(count);
      this.#forget.run(before);
    });
  }

  /** @param before Unix seconds; hours that begin before it are deleted */
  add(counts: readonly DecisionCount[], before: number): void {
    this.#addTogether(counts, before);
  }

  all(): DecisionCount[] {
    return this.#all.all();
  }
}
