import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Frequencies } from '../../src/ctl/frequencies.ts';

test('few different ones are counted exactly', () => {
  const frequencies = new Frequencies(10);
  for (const [name, isMarked] of [
    ['a', true],
    ['b', false],
    ['a', false],
  ] as const)
    frequencies.add(name, isMarked);
  expect([...frequencies.entries()]).toEqual([
    ['a', { count: 2, marked: 1 }],
    ['b', { count: 1, marked: 0 }],
  ]);
  expect(frequencies.error).toBe(0);
});

test('of many, no count is too high, and none too low by more than it says', () => {
  const names = fc.array(
    fc.nat(60).map((number) => `n${Math.floor(Math.sqrt(number))}-${number % 7}`),
    { maxLength: 500 },
  );
  fc.assert(
    fc.property(names, (all) => {
      const frequencies = new Frequencies(8);
      for (const name of all) frequencies.add(name, true);
      const counted = new Map(frequencies.entries());
      expect(counted.size).toBeLessThanOrEqual(8);
      for (const name of new Set(all)) {
        const real = all.filter((one) => one === name).length;
        const { count = 0, marked = 0 } = counted.get(name) ?? {};
        expect(count).toBeLessThanOrEqual(real);
        expect(count).toBeGreaterThanOrEqual(real - frequencies.error);
        expect(marked).toBeLessThanOrEqual(count);
      }
    }),
  );
});
