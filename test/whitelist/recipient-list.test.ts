import { describe, expect, test } from 'vitest';
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

describe('what can match nothing is refused, and the warning says what to write', () => {
  const BASE = 'no address, user@, domain or /regex/';

  test.each([
    ['@example.org', 'example.org'],
    ['*@example.org', 'example.org'],
    ['*.example.org', 'example.org'],
    ['.example.org', 'example.org'],
    ['example.org.', 'example.org'],
    ['example.org,', 'example.org'],
    ['http://example.org', 'example.org'],
    ['mailto:bob@example.org', 'bob@example.org'],
    ['<bob@example.org>', 'bob@example.org'],
    ['"b.b"@example.org', 'b.b@example.org'],
    ['bob@example.org.', 'bob@example.org'],
    ['bob@.example.org', 'bob@example.org'],
    ['bob@example..org', 'bob@example.org'],
    ['bob@192.0.2.1', 'bob@[192.0.2.1]'],
    ['bob@*.example.org', '/^bob@.*\\.example\\.org$/'],
    ['info*@example.org', '/^info.*@example\\.org$/'],
    ['/^info@example\\.org$/i', '/^info@example\\.org$/'],
  ])('%s', (pattern, meant) => {
    expect(() => new RecipientList().add(line(pattern))).toThrow(new Error(`${BASE}: write ${meant}`));
    expect(RecipientList.takes(meant)).toBe(true);
  });

  test.each([
    ['a@b@c', ''],
    ['bob@exam!ple.org', ''],
    ['bob@example.123', ''],
    ['example.123', ': the last label of a name contains a letter'],
    ['*', ': no pattern matches everything; write domains or addresses'],
    ['a@b.org,c@d.org', ': one pattern per line, write a@b.org and c@d.org on separate lines'],
  ])('%s', (pattern, reason) => {
    expect(() => new RecipientList().add(line(pattern))).toThrow(new Error(BASE + reason));
  });

  test.each(['192.0.2.1', '192.0.2.0/24', '198.51.100.1-198.51.100.9', '::ffff:192.0.2.1', '2001:db8::/32'])(
    '%s',
    (pattern) => {
      expect(() => new RecipientList().add(line(pattern))).toThrow('an IP address or network');
    },
  );
});

test.each([
  ...[
    "o'b@a",
    'a/b@example.org',
    '/x@example.org',
    'a,b@example.org',
    'user+@example.org',
    'a*b@example.org',
  ],
  ...['bob@localhost', 'abuse', 'bob@[192.0.2.1]', 'bob@[IPv6:2001:db8::1]', 'bob@1.example', '#@x_y'],
  ...['müller@müller.example', '用户@例え.テスト', 'bob@xn--mller-kva.example', '-x.example'],
])('%s can match something', (pattern) => {
  const list = new RecipientList();
  list.add(line(pattern));
  expect(list.size).toBe(1);
});

test('a domain in its own letters and as A-labels is one, alone and behind a user', () => {
  const SAME = ['müller.example', 'MÜLLER.Example', 'xn--mller-kva.example', 'XN--Mller-KVA.example'];
  for (const domain of SAME) {
    for (const pattern of [domain, `Bob@${domain}`, `bob+x@${domain}`]) {
      const list = new RecipientList();
      list.add(line(pattern));
      expect(SAME.filter((other) => list.find(`bob+x@${other}`) === undefined)).toEqual([]);
      expect(list.find('bob+x@muller.example')).toBeUndefined();
      expect(list.find('bob+x@müller.example.org')).toBeUndefined();
    }
  }
});

test('a user in its own letters stays one, and bytes that are no domain break nothing', () => {
  const list = new RecipientList();
  list.add(line('jürgen@müller.example'));
  list.add(line('é@'));
  expect(list.find('JÜRGEN+x@XN--MLLER-KVA.example')).toBeDefined();
  expect(list.find('xn--jrgen-kva@müller.example')).toBeUndefined();
  for (const recipient of ['é@', 'É+x@\ud800', 'é@%41é', 'é@é@אa'])
    expect(list.find(recipient)).toBeDefined();
  for (const recipient of ['\u00ff@\u00fe', '@é', 'é', '\ud800@müller.example'])
    expect(list.find(recipient)).toBeUndefined();
});
