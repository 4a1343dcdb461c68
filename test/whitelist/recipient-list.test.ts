import { expect, test } from 'vitest';
import { RecipientList } from '../../src/whitelist/recipient-list.ts';
import { line } from '../support/whitelisted.ts';

test.each([
  [
    'bob@example.org',
    ['bob@example.org', 'BOB@Example.ORG', 'bob+x@example.org', 'bob+x+y@example.org'],
    [
      'rob@example.org',
      'bob+@example.org',
      'bobby@example.org',
      'bob@sub.example.org',
      'bob@example.com',
      'bob+x@y@example.org',
    ],
  ],
  [
    'bob+x@example.org',
    ['bob+x@example.org', 'bob+x+y@example.org'],
    ['bob@example.org', 'bob+y@example.org'],
  ],
  [
    'abuse@',
    ['abuse@example.org', 'Abuse@any.example', 'abuse+x@example.org', 'abuse@a@example.org'],
    [
      'abuse',
      'a@abuse@example.org',
      'abuse+@example.org',
      'noabuse@example.org',
      'abuser@example.org',
      'x@abuse',
    ],
  ],
  [
    'example.org',
    ['a@example.org', 'a@sub.EXAMPLE.org', 'a+b@example.org'],
    ['a@badexample.org', 'example.org', 'example.org@example.com'],
  ],
  ['[192.0.2.1]', ['postmaster@[192.0.2.1]'], ['postmaster@192.0.2.1']],
  [
    '/^info-.*@example\\.org$/',
    ['info-a@example.org', 'INFO-@example.org'],
    ['xinfo-a@example.org', 'info@example.org'],
  ],
])('%s', (pattern, whitelisted, others) => {
  const list = new RecipientList();
  list.add(line(pattern));
  expect(whitelisted.filter((recipient) => list.find(recipient) === undefined)).toEqual([]);
  expect(others.filter((recipient) => list.find(recipient) !== undefined)).toEqual([]);
});

test('the null recipient is in no list', () => {
  const list = new RecipientList();
  list.add(line('example.org'));
  list.add(line('abuse@'));
  expect(list.find('')).toBeUndefined();
});

test.each(['@example.org', '.example.org', 'a@b@c', '*'])('%s is refused', (pattern) => {
  expect(() => new RecipientList().add(line(pattern))).toThrow('no address, user@, domain or /regex/');
});
