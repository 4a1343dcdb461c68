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

test.each([
  '.example.com',
  '*.example.com',
  'example..com',
  '192.0.2.0/33',
  '192.0.2.256',
  '192.0.2.03',
  '10.1/16',
  '192.0.2/24',
  '2001:db8::/129',
  'user@example.com',
  '//',
  '/',
])('%s is refused', (pattern) => {
  expect(() => listOf(pattern)).toThrow('no host name, IP address, network or /regex/');
});
