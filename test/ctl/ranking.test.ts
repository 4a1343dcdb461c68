import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ranking } from '../../src/ctl/ranking.ts';

test('the highest are kept, from the highest on, and of equal ones those that came first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 300 }), fc.integer({ min: 1, max: 20 }), (ranks, limit) => {
      const ranking = new Ranking<number>(limit);
      for (const [index, rank] of ranks.entries()) ranking.add(index, rank);
      const byRank = ranks.map((rank, index) => ({ rank, index })).sort((a, b) => b.rank - a.rank);
      expect(ranking.items()).toEqual(byRank.slice(0, limit).map(({ index }) => index));
      expect(ranking.isCut).toBe(ranks.length > limit);
    }),
  );
});
