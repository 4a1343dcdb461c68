import { expect, test } from 'vitest';
import { singleFlight } from '../../src/metrics/single-flight.ts';

test('those who ask while a run is under way share its outcome, and the next one begins anew', async () => {
  const runs: ((outcome: number | Error) => void)[] = [];
  const ask = singleFlight(
    () =>
      new Promise<number>((resolve, reject) => {
        runs.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)));
      }),
  );
  const first = [ask(), ask()];
  expect(runs).toHaveLength(1);
  runs[0]?.(1);
  expect(await Promise.all(first)).toEqual([1, 1]);
  const second = [ask(), ask()];
  expect(runs).toHaveLength(2);
  runs[1]?.(new Error('no'));
  for (const asked of second) await expect(asked).rejects.toThrow('no');
  const third = ask();
  runs[2]?.(3);
  expect(await third).toBe(3);
});
