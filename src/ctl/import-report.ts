/**
 * What greyctl import did, counted, and as the lines that it prints:
 *
 *   triplets: 1200 read, 1190 new, 6 merged with what was known, 4 known already, 0 skipped
 */
import type { Key } from '../greylist/keys.ts';
import { printable } from '../log/printable.ts';
import type { Work } from './command.ts';

export type Fate = 'new' | 'merged' | 'known' | 'skipped';

/** What a record is; `other`: that cannot be told. */
type Kind = Key['kind'] | 'other';

const HEADINGS: readonly Kind[] = ['triplet', 'client', 'other'];

export class ImportReport {
  /** Records read until now. */
  read = 0;
  readonly #counts = new Map<Kind, Record<Fate, number>>();
  /** By reason: how many records, and one of them. */
  readonly #reasons = new Map<string, { count: number; readonly example: string }>();

  /** Something was read, and nothing of it taken. */
  get isAllSkipped(): boolean {
    const skipped = [...this.#counts.values()].reduce((sum, counts) => sum + counts.skipped, 0);
    return this.read > 0 && skipped === this.read;
  }

  count(kind: Kind, fate: Fate): void {
    this.read += 1;
    const counts = this.#counts.get(kind) ?? { new: 0, merged: 0, known: 0, skipped: 0 };
    this.#counts.set(kind, counts);
    counts[fate] += 1;
  }

  /** @param kind undefined: it cannot be told */
  skip(kind: Key['kind'] | undefined, reason: string, example: string): void {
    this.count(kind ?? 'other', 'skipped');
    const known = this.#reasons.get(reason) ?? { count: 0, example };
    this.#reasons.set(reason, known);
    known.count += 1;
  }

  /** Nothing if nothing was read. */
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
  return `${readOf(counts)} read, ${counts.new} new, ${counts.merged} merged with what was known, ${counts.known} known already, ${counts.skipped} skipped`;
}
