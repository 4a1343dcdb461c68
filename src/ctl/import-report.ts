/**
 * Counts what greyctl import did with each record, and prints it:
 *
 *   triplets: 1200 read, 1190 new, 6 merged, 4 known already, 0 skipped
 */
import type { Key } from '../greylist/keys.ts';
import { printable } from '../log/printable.ts';
import type { Work } from './command.ts';

export type Fate = 'new' | 'merged' | 'known' | 'skipped';

/** The kind of a record; `other`: unknown. */
type ReportKind = Key['kind'] | 'other';

const HEADINGS: readonly ReportKind[] = ['triplet', 'client', 'other'];

export class ImportReport {
  /** Records read so far. */
  read = 0;
  readonly #counts = new Map<ReportKind, Record<Fate, number>>();
  /** The number of skipped records by reason, with one of them as an example. */
  readonly #reasons = new Map<string, { count: number; readonly example: string }>();

  /** Tells whether records were read, and all of them skipped. */
  get isAllSkipped(): boolean {
    const skipped = [...this.#counts.values()].reduce((sum, counts) => sum + counts.skipped, 0);
    return this.read > 0 && skipped === this.read;
  }

  count(kind: ReportKind, fate: Fate): void {
    this.read += 1;
    const counts = this.#counts.get(kind) ?? { new: 0, merged: 0, known: 0, skipped: 0 };
    this.#counts.set(kind, counts);
    counts[fate] += 1;
  }

  /** @param kind undefined: unknown */
  skip(kind: Key['kind'] | undefined, reason: string, example: string): void {
    this.count(kind ?? 'other', 'skipped');
    const known = this.#reasons.get(reason) ?? { count: 0, example };
    this.#reasons.set(reason, known);
    known.count += 1;
  }

  /** Prints a line for each kind of which records were read, and one for each reason to skip. */
  print(print: Work['print']): void {
    for (const kind of HEADINGS) {
      const counts = this.#counts.get(kind);
      if (counts !== undefined)
        print({ kind, read: readOf(counts), ...counts }, `${kind}s: ${summary(counts)}`);
    }
    for (const [reason, { count, example }] of this.#reasons) {
      const text = `skipped ${count}: ${reason}, for example '${printable(example)}'`;
      print({ skipped: count, reason, example }, text);
    }
  }
}

function readOf(counts: Record<Fate, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count);
}

function summary(counts: Record<Fate, number>): string {
  return `${readOf(counts)} read, ${counts.new} new, ${counts.merged} merged, ${counts.known} known already, ${counts.skipped} skipped`;
}
