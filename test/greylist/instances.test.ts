import { expect, test } from 'vitest';
import { MAX_INSTANCES, RecentInstances } from '../../src/greylist/instances.ts';

test('a message is new once', () => {
  const instances = new RecentInstances();
  expect(['a', 'b', 'a', 'b', 'c'].map((instance) => instances.isNew(instance))).toEqual([
    true,
    true,
    false,
    false,
    true,
  ]);
});

test('without an instance every message is new', () => {
  const instances = new RecentInstances();
  expect([instances.isNew(undefined), instances.isNew(undefined)]).toEqual([true, true]);
});

test('the oldest are forgotten beyond the bound', () => {
  const instances = new RecentInstances();
  for (let number = 0; number <= MAX_INSTANCES; number += 1) instances.isNew(`m${number}`);
  expect([instances.isNew('m1'), instances.isNew(`m${MAX_INSTANCES}`), instances.isNew('m0')]).toEqual([
    false,
    false,
    true,
  ]);
});
