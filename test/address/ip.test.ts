import { describe, expect, test } from 'vitest';
import { formatAddress, type IpAddress, networkOf, parseAddress } from '../../src/address/ip.ts';

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

describe('an address in any spelling is written in full', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['2001:db8::1', '2001:db8:0:0:0:0:0:1'],
    ['2001:DB8:0078::', '2001:db8:78:0:0:0:0:0'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['::ffff:192.0.2.1', '0:0:0:0:0:ffff:c000:201'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1'],
  ])('%s', (text, full) => {
    expect(formatAddress(address(text))).toBe(full);
  });
});

test.each([
  '',
  'unknown',
  '192.0.2',
  '192.0.2.256',
  '192.0.2.01',
  '192.0.2.1:25',
  '[::1]',
  '1:2:3',
  '192.0.2.1/24',
])('%j is no address', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

describe('the network of an address has its host bits cleared', () => {
  test.each([
    ['192.0.2.129', 24, '192.0.2.0'],
    ['192.0.2.129', 25, '192.0.2.128'],
    ['192.0.2.129', 16, '192.0.0.0'],
    ['192.0.2.129', 12, '192.0.0.0'],
    ['192.0.2.129', 32, '192.0.2.129'],
    ['192.0.2.129', 0, '0.0.0.0'],
    ['2001:db8:78:1:2:3:4:5', 64, '2001:db8:78:1:0:0:0:0'],
    ['2001:db8:78:1:2:3:4:5', 60, '2001:db8:78:0:0:0:0:0'],
    ['2001:db8:78:1:2:3:4:5', 128, '2001:db8:78:1:2:3:4:5'],
    ['2001:db8:78:1:2:3:4:5', 0, '0:0:0:0:0:0:0:0'],
  ])('%s/%i', (text, bits, network) => {
    expect(formatAddress(networkOf(address(text), bits))).toBe(network);
  });
});
