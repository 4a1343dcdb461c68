import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PlainKey } from '../../../src/greylist/keys.ts';
import {
  formerKeyText,
  keyPattern,
  laterText,
  plainKeyText,
  privateKeyText,
  readKeyText,
  readRecordText,
  recordText,
} from '../../../src/store/redis/keys.ts';

const TRIPLET: PlainKey = {
  kind: 'triplet',
  clientNetwork: '192.0.2.0',
  sender: 'alice@example.net',
  recipient: 'bob@example.org',
};

test('a client and its network stand in one slot', () => {
  expect(plainKeyText(TRIPLET)).toBe('{192.0}t:192.0.2.0 alice@example.net bob@example.org');
  expect(plainKeyText({ kind: 'client', clientAddress: '192.0.2.1' })).toBe('{192.0}c:192.0.2.1');
  const network = '2001:db8:78:0:0:0:0:0';
  expect(plainKeyText({ ...TRIPLET, clientNetwork: network, sender: '' })).toBe(
    `{2001:db8}t:${network}  bob@example.org`,
  );
  const clientAddress = '2001:db8:78:0:0:0:0:5';
  expect(plainKeyText({ kind: 'client', clientAddress })).toBe(`{2001:db8}c:${clientAddress}`);
});

test('every key is read as it was written', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[ %250ab]*$/));
  fc.assert(
    fc.property(text, text, (sender, recipient) => {
      const key = { ...TRIPLET, sender, recipient };
      expect(readKeyText(plainKeyText(key))).toEqual(key);
    }),
  );
});

test('a digest, or what is none of greyd, is not read', () => {
  expect(readKeyText(privateKeyText('client', Buffer.alloc(32)))).toBeUndefined();
  for (const text of ['', 'settings', '{192.0}x:1', '{192.0}t:one two', '{192.0}t:1 2 3 4', 't:a b c']) {
    expect(readKeyText(text)).toBeUndefined();
  }
});

test('records', () => {
  expect(readRecordText('triplet', recordText({ first: 1, last: 2 }))).toEqual({ first: 1, last: 2 });
  expect(readRecordText('client', recordText({ count: 1, last: 2 }))).toEqual({ count: 1, last: 2 });
  for (const text of ['', '1', '1 2 3', 'one 2', '1 -2'])
    expect(readRecordText('client', text)).toBeUndefined();
});

test('a prefix is no pattern', () => {
  expect(keyPattern('a*[b]?\\:', 'triplet')).toBe('a\\*\\[b\\]\\?\\\\:{*}t:*');
});

test('with a profile all records are in one slot; those that have no address always', () => {
  expect(plainKeyText(TRIPLET, true)).toBe('{all}t:192.0.2.0 alice@example.net bob@example.org');
  expect(formerKeyText(TRIPLET)).toBe('{192.0}t:192.0.2.0 alice@example.net bob@example.org');
  const pool: PlainKey = { ...TRIPLET, clientNetwork: '@bigsoft.example' };
  const pair: PlainKey = { kind: 'client', clientAddress: '>a}b c@example.org d@example.net' };
  for (const key of [pool, pair]) {
    expect(plainKeyText(key, false)).toBe(plainKeyText(key, true));
    expect(readKeyText(plainKeyText(key, true))).toEqual(key);
    expect(formerKeyText(key)).toBeUndefined();
  }
});

test('of two records the one that was seen later counts', () => {
  expect(laterText('1 20', '1 19')).toBe('1 20');
  expect(laterText('1 20', '1 21')).toBe('1 21');
  expect(laterText('', '1 0')).toBe('1 0');
  expect(laterText('1 0', '')).toBe('1 0');
  expect(laterText('', '')).toBe('');
});
