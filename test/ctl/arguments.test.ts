import { expect, test } from 'vitest';
import { type ArgumentsRow, completionsOf, readArguments } from '../../src/ctl/arguments.ts';

const SENDERS: ArgumentsRow = { attributes: ['sender'], alsoAttributes: ['queue_id'] };
const KIND: ArgumentsRow = {
  positional: { expected: 'triplets or clients', values: ['triplets', 'clients'], count: [0, 1] },
  attributes: ['sender'],
};
const DAEMON: ArgumentsRow = {
  positional: { expected: 'HOST:PORT', count: [1, 1] },
  attributes: ['sender'],
  alsoAttributes: 'any',
};
const FILE: ArgumentsRow = { positional: { expected: 'FILE', isFile: true, count: [1, 1] } };

test.each<[ArgumentsRow, string[], string[], [string, string][]]>([
  [
    SENDERS,
    ['sender=', 'queue_id=a=b'],
    [],
    [
      ['sender', ''],
      ['queue_id', 'a=b'],
    ],
  ],
  [KIND, ['sender=a', 'clients'], ['clients'], [['sender', 'a']]],
  [KIND, [], [], []],
  [DAEMON, ['unix:/a=b', 'x_own=1'], ['unix:/a=b'], [['x_own', '1']]],
  [FILE, ['a=b.db'], ['a=b.db'], []],
])('%j takes %j', (row, words, values, attributes) => {
  expect(readArguments(words, row, 'c')).toEqual({ values, attributes: new Map(attributes) });
});

test.each<[ArgumentsRow, string[], string]>([
  [{}, ['x'], 'c takes no arguments'],
  [SENDERS, ['bar=1'], "unexpected argument 'bar=1'; expected sender=…"],
  [SENDERS, ['sender=a', 'sender=b'], 'sender= is given twice'],
  [SENDERS, ['sender=a\nb'], 'sender=: a value must not have line breaks'],
  [KIND, ['hosts'], "unexpected argument 'hosts'; expected triplets or clients or sender=…"],
  [DAEMON, ['a:1', 'b:1'], "unexpected argument 'b:1'; expected HOST:PORT or sender=…"],
  [FILE, [], 'missing argument; expected FILE'],
])('%j refuses %j', (row, words, message) => {
  expect(() => readArguments(words, row, 'c')).toThrow(message);
});

test('completion offers what the row names, or files', () => {
  expect(completionsOf(KIND)).toEqual(['triplets', 'clients', 'sender=']);
  expect(completionsOf(FILE)).toBeUndefined();
  expect(completionsOf({})).toEqual([]);
});
