import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readPair } from '../../src/postgrey/records.ts';

const pair = (key: string, value = '100,200') => ({ key: Buffer.from(key), value });
const triplet = (clientNetwork: string, sender: string, recipient: string) => ({
  key: { kind: 'triplet', clientNetwork, sender, recipient },
  record: { first: 100, last: 200 },
});
const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');

describe('plain keys', () => {
  test.each([
    ['192.0.2.0/a@b.example/c@d.example', ['192.0.2.0', 'a@b.example', 'c@d.example']],
    ['2001:db8:78:0:0:0:0:0//c@d', ['2001:db8:78:0:0:0:0:0', '', 'c@d']],
    // --lookup-by-host
    ['192.0.2.1/32/a@b/c@d', ['192.0.2.1', 'a@b', 'c@d']],
    ['192.0.2.1/32//c@d', ['192.0.2.1', '', 'c@d']],
    ['2001:db8:0:0:0:0:0:1/128/a@b/c@d', ['2001:db8:0:0:0:0:0:1', 'a@b', 'c@d']],
    // a sender that is called like a mask
    ['192.0.2.0/32/c@d', ['192.0.2.0', '32', 'c@d']],
    // slashes in local parts
    ['192.0.2.0/a/x@b/c@d', ['192.0.2.0', 'a/x@b', 'c@d']],
    ['192.0.2.0/a@b/c/x@d', ['192.0.2.0', 'a@b', 'c/x@d']],
    ['192.0.2.0//a@b/c@d', ['192.0.2.0', '/a@b', 'c@d']],
    ['192.0.2.0//x/c@d', ['192.0.2.0', '', 'x/c@d']],
    ['192.0.2.0//x/y@b/z/c@d', ['192.0.2.0', '/x/y@b', 'z/c@d']],
    // no @ at all
    ['192.0.2.0/root/c@d', ['192.0.2.0', 'root', 'c@d']],
    ['192.0.2.0/root/admin', ['192.0.2.0', 'root', 'admin']],
    ['192.0.2.0/a@b/', ['192.0.2.0', 'a@b', '']],
    ['192.0.2.0/a@b@c/d@e', ['192.0.2.0', 'a@b@c', 'd@e']],
    ['192.0.2.0/jürgen@b/c@d', ['192.0.2.0', 'jürgen@b', 'c@d']],
  ])('%s', (key, parts) => {
    const [network = '', sender = '', recipient = ''] = parts;
    expect(readPair(pair(key), 'triplet', false)).toEqual(triplet(network, sender, recipient));
    expect(readPair(pair(key), undefined, undefined)).toEqual(triplet(network, sender, recipient));
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:78:0:0:0:0:5', '2001:db8:78:0:0:0:0:5'],
  ])('a client, %s', (key, clientAddress) => {
    const record = { key: { kind: 'client', clientAddress }, record: { count: 7, last: 200 } };
    expect(readPair(pair(key, '7,200'), 'client', false)).toEqual(record);
    expect(readPair(pair(key, '7,200'), undefined, false)).toEqual(record);
  });

  test('bytes that are not UTF-8 are read as greyd reads them in a request', () => {
    const key = Buffer.from('192.0.2.0/\xe9@b/c@d', 'latin1');
    expect(readPair({ key, value: '100,200' }, 'triplet', false)).toEqual(triplet('192.0.2.0', 'é@b', 'c@d'));
  });
});

describe('hashed keys', () => {
  const hash = sha1('192.0.2.1/32/a@b/c@d');

  test('postgrey has hashed them, or greyd wants them hashed', () => {
    const hashed = { key: { kind: 'triplet', sha1: hash }, record: { first: 100, last: 200 } };
    expect(readPair(pair(hash), 'triplet', true)).toEqual(hashed);
    expect(readPair(pair(hash), 'triplet', undefined)).toEqual(hashed);
    expect(readPair(pair('192.0.2.1/32/a@b/c@d'), 'triplet', true)).toEqual(hashed);
  });

  test('bytes that are not UTF-8 are hashed as greyd reads and hashes them in a request', () => {
    const key = Buffer.from('192.0.2.0/\xe9@b/c@d', 'latin1');
    expect(readPair({ key, value: '100,200' }, 'triplet', true)).toMatchObject({
      key: { sha1: sha1('192.0.2.0/é@b/c@d') },
    });
  });

  test('which of the two records it is shows in the first number', () => {
    expect(readPair(pair(hash, '1700000000,1700000001'), undefined, true)).toMatchObject({
      key: { kind: 'triplet' },
    });
    expect(readPair(pair(hash, '12,1700000001'), undefined, true)).toEqual({
      key: { kind: 'client', sha1: hash },
      record: { count: 12, last: 1_700_000_001 },
    });
  });

  test('are skipped without --privacy', () => {
    expect(readPair(pair(hash), 'triplet', false)).toEqual({
      reason: 'hashed by postgrey --privacy, but greyd runs without --privacy',
    });
  });
});

test('a third field is not looked at', () => {
  expect(readPair(pair('192.0.2.0/a@b/c@d', '100,200,x'), 'triplet', false)).toMatchObject({
    record: { first: 100, last: 200 },
  });
});

test.each([
  ['192.0.2.0/a@b/c@d', '', 'the value is not a pair of numbers'],
  ['192.0.2.0/a@b/c@d', '100', 'the value is not a pair of numbers'],
  ['192.0.2.0/a@b/c@d', '1000.7,1000.7', 'the value is not a pair of numbers'],
  ['192.0.2.0/a@b/c@d', `1,${'9'.repeat(30)}`, 'the value is not a pair of numbers'],
  ['192.0.2.0', '1,2', 'the key is neither a triplet nor a client address'],
  ['192.0.2.0/a@b', '1,2', 'the key is neither a triplet nor a client address'],
  ['mail.example/a@b/c@d', '1,2', 'the key is neither a triplet nor a client address'],
  ['', '1,2', 'the key is neither a triplet nor a client address'],
])('%j -> %j is skipped: %s', (key, value, reason) => {
  expect(readPair(pair(key, value), 'triplet', false)).toEqual({ reason });
});
