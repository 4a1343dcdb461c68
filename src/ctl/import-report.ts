/**
 * What greyctl import did, counted, and as the lines that it prints:
 *
 *   triplets: 1200 read, 1190 new, 6 merged with what was known, 4 known already, 0 skipped
 */
import type { Key } from '../greylist/keys.ts';

export type Fate = 'new' | 'merged' | 'known' | 'skipped';

const HEADINGS = [
  ['triplet', 'triplets'],
  ['client', 'clients'],
  [undefined, 'others'],
] as const;

export class ImportReport {
  /** Records read until now. */
  read = 0;
  readonly #counts = new Map<string, number>();
  /** By reason: how many records, and one of them. */
  readonly #reasons = new Map<string, { count: number; example: string }>();

  get skipped(): number {
    return [...this.#reasons.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** @param kind undefined: it cannot be told */
  count(kind: Key['kind'] | undefined, fate: Fate): void {
    this.read += 1;
    const name = `${kind} ${fate}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  skip(kind: Key['kind'] | undefined, reason: string, example: string): void {
    this.count(kind, 'skipped');
    const before = this.#reasons.get(reason);
    this.#reasons.set(reason, { count: (before?.count ?? 0) + 1, example: before?.example ?? example });
  }

  lines(): string[] {
    const summaries = HEADINGS.map(([kind, heading]) => {
      const of = (fate: Fate) => this.#counts.get(`${kind} ${fate}`) ?? 0;
      const read = of('new') + of('merged') + of('known') + of('skipped');
      const fates = `${of('new')} new, ${of('merged')} merged with what was known, ${of('known')} known already`;
      return { read, line: `${heading}: ${read} read, ${fates}, ${of('skipped')} skipped` };
    });
    return [
      ...summaries.filter(({ read }) => read > 0).map(({ line }) => line),
      ...[...this.#reasons].map(
        ([reason, { count, example }]) =>
          `skipped ${count}: ${reason}, for example ${JSON.stringify(example)}`,
      ),
    ];
  }
}
