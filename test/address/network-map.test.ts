import { expect, test } from 'vitest';
import { parseAddress } from '../../src/address/ip.ts';
import { NetworkMap, parseNetwork } from '../../src/address/network-map.ts';

function setOf(...texts: string[]): (address: string) => boolean {
  const map = new NetworkMap<string>();
  for (const text of texts) {
    const network = parseNetwork(text);
    if (network === undefined) throw new Error(`${text} is no network`);
    map.add(network, text);
  }
  return (text) => {
    const address = parseAddress(text);
    if (address === undefined) throw new Error(`${text} is no address`);
    return map.find(address) !== undefined;
  };
}

test('a network holds its addresses up to both ends and no others', () => {
  const has = setOf('192.0.2.64/26', '2001:db8:1::/48');
  expect(['192.0.2.63', '192.0.2.64', '192.0.2.127', '192.0.2.128'].map(has)).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(['2001:db8:0:ffff::', '2001:db8:1::', '2001:db8:1:ffff::1', '2001:db8:2::'].map(has)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('an address alone is a network of one', () => {
  const has = setOf('192.0.2.1', '2001:db8::1');
  expect(['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2'].map(has)).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test('host bits in a network do not count', () => {
  expect(setOf('192.0.2.5/24')('192.0.2.200')).toBe(true);
});

test('IPv4 networks hold no IPv6 addresses, not even of length 0', () => {
  const has = setOf('0.0.0.0/0');
  expect(['192.0.2.1', '::1'].map(has)).toEqual([true, false]);
});

test.each([
  '192.0.2.0/33',
  '192.0.2.0/',
  '192.0.2.0/-1',
  '192.0.2.0/2x',
  '2001:db8::/129',
  '192.0.2.0/8/8',
  'host/24',
  '/24',
])('%s is no network', (text) => {
  expect(parseNetwork(text)).toBeUndefined();
});
