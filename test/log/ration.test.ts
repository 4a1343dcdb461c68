/**
 * Lines that clients can cause at will, of which a flood is told in part.
 */
import { expect, test } from 'vitest';
import { FLOOD_OVER_MS, LINES, PERIOD_MS, Ration } from '../../src/log/ration.ts';

function rationed() {
  const lines: string[] = [];
  let now = 0;
  const ration = new Ration(
    'malformed requests',
    (text) => void lines.push(text),
    () => now,
  );
  return {
    ration,
    lines,
    pass: (milliseconds: number) => {
      now += milliseconds;
      ration.look();
    },
    tellMany: (count: number) => {
      for (let number = 0; number < count; number += 1) ration.tell('x');
    },
  };
}

const FULL = `${LINES} lines about malformed requests: further ones are only counted`;

test('few lines are all told, however long', () => {
  const { lines, pass, tellMany } = rationed();
  for (let hour = 0; hour < 50; hour += 1) {
    tellMany(LINES);
    pass(PERIOD_MS);
  }
  expect(lines).toHaveLength(50 * LINES);
  expect(new Set(lines)).toEqual(new Set(['x']));
});

test('of a flood the first ones are told, and its end with the number of the others', () => {
  const { lines, pass, tellMany } = rationed();
  tellMany(LINES + 500);
  expect(lines.splice(0)).toEqual([...Array(LINES).fill('x'), FULL]);
  pass(FLOOD_OVER_MS - 1);
  // The flood goes on, and so is not over.
  tellMany(1);
  pass(FLOOD_OVER_MS - 1);
  expect(lines).toEqual([]);
  pass(1);
  expect(lines.splice(0)).toEqual(['501 more lines about malformed requests not logged']);
  // In two minutes there was room for so many again, and not for more.
  const room = Math.floor((2 * FLOOD_OVER_MS * LINES) / PERIOD_MS);
  tellMany(room + 10);
  expect(lines.filter((line) => line === 'x').length).toBeGreaterThanOrEqual(room - 1);
  expect(lines.at(-1)).toBe(FULL);
});

test('a flood without an end stays within its bound', () => {
  const { lines, pass, tellMany } = rationed();
  for (let second = 0; second < 3600; second += 1) {
    tellMany(100);
    pass(1000);
  }
  expect(lines.length).toBeLessThan(1.1 * LINES);
});
