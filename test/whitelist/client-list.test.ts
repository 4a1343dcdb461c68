import { describe, expect, test } from 'vitest';
import { type IpAddress, parseAddress } from '../../src/address/ip.ts';
import { ClientList } from '../../src/whitelist/client-list.ts';
import { line } from '../support/whitelisted.ts';

function listOf(...patterns: string[]): ClientList {
  const list = new ClientList();
  for (const pattern of patterns) list.add(line(pattern));
  return list;
}

const address = (text: string) => parseAddress(text) as IpAddress;

describe('by name', () => {
  test('a domain holds itself and its subdomains, in upper and lower case', () => {
    const list = listOf('Example.com', 'host_1.example.net');
    const names = [
      'example.com',
      'MX.EXAMPLE.COM',
      'a.b.example.com',
      'badexample.com',
      'com',
      'example.com.net',
      '',
      'host_1.example.net',
    ];
    expect(names.map((name) => list.findName(name) !== undefined)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  test('a regular expression matches anywhere, in upper and lower case', () => {
    const list = listOf('/^mx[0-9]+\\.example\\.net$/', '/pool/');
    const names = [
      'mx12.example.net',
      'MX1.Example.Net',
      'mx.example.net',
      'a-POOL-b.example',
      'mx1.example.net.org',
    ];
    expect(names.map((name) => list.findName(name) !== undefined)).toEqual([true, true, false, true, false]);
  });

  test('an address in a list is no name', () => {
    expect(listOf('192.0.2.1').findName('192.0.2.1')).toBeUndefined();
  });
});

describe('by address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1', '192.0.2.2'],
    ['192.0.2.0/25', '192.0.2.127', '192.0.2.128'],
    ['192.0.2', '192.0.2.255', '192.0.3.0'],
    ['192.168', '192.168.255.255', '192.169.0.0'],
    ['[2001:db8::1]', '2001:db8::1', '2001:db8::2'],
    ['2001:DB8::1', '2001:db8::1', '2001:db8::2'],
    ['2001:db8::/32', '2001:db8:ffff::', '2001:db9::'],
  ])('%s', (pattern, inside, outside) => {
    const list = listOf(pattern);
    expect(list.findAddress(address(inside))).toEqual(line(pattern));
    expect(list.findAddress(address(outside))).toBeUndefined();
  });
});

describe('what can match nothing is refused, and the warning says what to write', () => {
  const BASE = 'no host name, IP address, network or /regex/';
  const LIST = ', each on a separate line';

  test.each([
    // Ranges.
    ['198.51.100.1-198.51.100.9', `198.51.100.1, 198.51.100.2/31, 198.51.100.4/30, 198.51.100.8/31${LIST}`],
    ['198.51.100.1-3', `198.51.100.1, 198.51.100.2/31${LIST}`],
    ['198.51.100.[8-11]', '198.51.100.8/30'],
    ['192.0.2.0-192.0.2.255', '192.0.2.0/24'],
    ['2001:db8::8-2001:db8::b', '2001:db8:0:0:0:0:0:8/126'],
    // IPv4 inside IPv6.
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:201', '192.0.2.1'],
    ['::ffff:0:192.0.2.1', '192.0.2.1'],
    ['[::ffff:192.0.2.1]', '192.0.2.1'],
    ['::ffff:192.0.2.0/120', '192.0.2.0/24'],
    ['::192.0.2.1', '192.0.2.1'],
    // Addresses and networks in other forms.
    ['192.0.2.03', '192.0.2.3'],
    ['010.1.2.3', '10.1.2.3'],
    ['10', '10.0.0.0/8'],
    ['10/8', '10.0.0.0/8'],
    ['10.1/16', '10.1.0.0/16'],
    ['192.0.2/24', '192.0.2.0/24'],
    ['192.0.2.', '192.0.2.0/24'],
    ['192.0.2.*', '192.0.2.0/24'],
    ['192.168.*.*', '192.168.0.0/16'],
    ['192.0.2.0/255.255.255.0', '192.0.2.0/24'],
    ['192.0.2.0\\24', '192.0.2.0/24'],
    ['192.0.2.1:25', '192.0.2.1'],
    ['[2001:db8::1]:25', '2001:db8::1'],
    ['[2001:db8::]/32', '2001:db8::/32'],
    ['2001:db8:', '2001:db8::/32'],
    ['ip4:192.0.2.0/24', '192.0.2.0/24'],
    // Names in other forms.
    ['*.example.com', 'example.com'],
    ['.example.com', 'example.com'],
    ['@example.com', 'example.com'],
    ['example.com.', 'example.com'],
    ['example.com,', 'example.com'],
    ['example..com', 'example.com'],
    ['"example.com"', 'example.com'],
    ['http://example.com/x', 'example.com'],
    ['example.com:25', 'example.com'],
    ['mx*.example.com', '/^mx.*\\.example\\.com$/'],
    ['mx[1-9].example.com', '/^mx[1-9]\\.example\\.com$/'],
    ['-static.example.com', '/-static\\.example\\.com$/'],
    ['/mx', '/mx/'],
    ['/^mx/i', '/^mx/'],
    ['^mx\\.example$', '/^mx\\.example$/'],
  ])('%s', (pattern, meant) => {
    expect(() => listOf(pattern)).toThrow(new Error(`${BASE}: write ${meant}`));
    expect(
      meant
        .replace(LIST, '')
        .split(', ')
        .filter((one) => !ClientList.takes(one)),
    ).toEqual([]);
  });

  test.each([
    ['192.0.2.0/33', ': an IPv4 prefix length is 0 to 32'],
    ['2001:db8::/129', ': an IPv6 prefix length is 0 to 128'],
    ['192.0.2.256', ': the numbers of an IPv4 address are 0 to 255'],
    ['1.2.3.4.5', ': an IPv4 address has four numbers'],
    ['mx.example.123', ': the last label of a name contains a letter'],
    ['mx-.example.com', ': a label has at most 63 characters, and no - at its ends'],
    [`${'x'.repeat(64)}.com`, ': a label has at most 63 characters, and no - at its ends'],
    ['!example.com', ': there are no exceptions; remove the line, and write narrower patterns'],
    ['*', ': no pattern matches everything; write domains or addresses'],
    ['a.example,b.example', ': one pattern per line, write a.example and b.example on separate lines'],
    ['//', ''],
    ['/', ''],
    [`${'x!'.repeat(200)}`, ''],
  ])('%s', (pattern, reason) => {
    expect(() => listOf(pattern)).toThrow(new Error(BASE + reason));
  });

  test.each(['user@example.com', '*@example.com', 'mailto:user@example.com'])('%s', (pattern) => {
    expect(() => listOf(pattern)).toThrow('a mail address: this list holds names and IP addresses');
  });

  test.each(['/@example\\.com$/', '/^2001:db8:/', '/^192\\.0\\.2\\.1$/', '/^192\\.0\\.2\\.\\d+$/'])(
    '%s',
    (pattern) => {
      expect(() => listOf(pattern)).toThrow('expressions are matched against client names');
    },
  );
});

test.each([
  ...['unknown', 'localhost', 'mx1', '0x10', '1.2.3.4.example', '1-2.example', 'x_y', 'a.b-c'],
  ...['::1', '::', '::/0', '::/95', '0.0.0.0/0', '64:ff9b::192.0.2.1', '[192.0.2.1]', 'fe80::1%eth0'],
  ...['/^192\\.0\\.2\\./', '/[@:]/', '/a(?:b|c)/', '/:?mx/', '/a|@/', '/^$/', '/^*\\.example$/'],
  ...['müller.example', '☃.example', 'xn--mller-kva.example', `${'x'.repeat(63)}.example`],
])('%s can match something', (pattern) => {
  expect(listOf(pattern).size).toBe(1);
});

describe('a name in its own letters and as A-labels is one', () => {
  const SAME = [
    'müller.example',
    'MÜLLER.Example',
    'mu\u0308ller.example',
    'xn--mller-kva.example',
    'XN--Mller-KVA.example',
    'müller。example',
  ];

  test.each(SAME)('%s', (pattern) => {
    const list = listOf(pattern);
    expect(SAME.filter((name) => list.findName(`mx.${name}`) === undefined)).toEqual([]);
    const others = ['muller.example', 'mller.example', 'xn--mller-kva.example.org', 'xmüller.example'];
    expect(others.filter((name) => list.findName(name) !== undefined)).toEqual([]);
  });

  test('whatever is no name in them stands for itself', () => {
    const names = [
      '1.2',
      '１２.example',
      '0x10.example',
      '%41.example',
      'é%2e.example',
      'אa.example',
      'xn--.example',
    ];
    const list = listOf('12.example', 'a.example', '0.0.0.2');
    expect(names.filter((name) => list.findName(name) !== undefined)).toEqual(['１２.example']);
    expect(listOf('אa.example', 'xn--zzz.example').size).toBe(2);
    expect(listOf('אa.example').findName('mx.אa.EXAMPLE')).toBeDefined();
    for (const name of ['\ud800.example', '\0\u00ff', `${'é'.repeat(512)}`, '.é.', 'é@[', '\u200d.example'])
      expect(list.findName(name)).toBeUndefined();
  });
});
