import { expect, test } from 'vitest';
import { type IpAddress, parseAddress } from '../../src/address/ip.ts';
import { clientKey, hashOf, postgreyKey, tripletKey } from '../../src/greylist/keys.ts';

const IPV4 = parseAddress('192.0.2.129') as IpAddress;
const IPV6 = parseAddress('2001:DB8:78:1::5') as IpAddress;
const LENGTHS = { ipv4: 24, ipv6: 64 };

test('a triplet is the network, the normalised sender and the recipient, in lower case', () => {
  expect(tripletKey(IPV4, 'Alice+News@Example.NET', 'Bob+X@Example.ORG', LENGTHS)).toEqual({
    kind: 'triplet',
    clientNetwork: '192.0.2.0',
    sender: 'alice@example.net',
    recipient: 'bob+x@example.org',
  });
});

test('only ASCII letters change case, as in postgrey', () => {
  expect(tripletKey(IPV4, 'ÄB@x', 'Éa@x', LENGTHS)).toMatchObject({ sender: 'Äb@x', recipient: 'Éa@x' });
});

test('the network has the length for its family', () => {
  expect(tripletKey(IPV4, '', '', { ipv4: 32, ipv6: 64 }).clientNetwork).toBe('192.0.2.129');
  expect(tripletKey(IPV6, '', '', LENGTHS).clientNetwork).toBe('2001:db8:78:1:0:0:0:0');
  expect(tripletKey(IPV6, '', '', { ipv4: 32, ipv6: 128 }).clientNetwork).toBe('2001:db8:78:1:0:0:0:5');
});

test('keys as postgrey writes them', () => {
  expect(postgreyKey(tripletKey(IPV6, '', 'b@x', LENGTHS), false)).toBe('2001:db8:78:1:0:0:0:0//b@x');
  expect(postgreyKey(clientKey(IPV4), false)).toBe('192.0.2.129');
  expect(postgreyKey(clientKey(IPV6), false)).toBe('2001:DB8:78:1:0:0:0:5');
  const host = { ipv4: 32, ipv6: 128 };
  expect(postgreyKey(tripletKey(IPV4, 'a@x', 'b@x', host), true)).toBe('192.0.2.129/32/a@x/b@x');
  expect(postgreyKey(tripletKey(IPV6, 'a@x', 'b@x', host), true)).toBe('2001:db8:78:1:0:0:0:5/128/a@x/b@x');
});

test('the hash is the SHA-1 of the key as postgrey writes it', () => {
  // printf '192.0.2.0/a@b.example/c@d.example' | sha1sum
  const sha1 = '5281d785ecd04f993e29cb1713bfdb07353c30da';
  expect(hashOf(tripletKey(IPV4, 'a@b.example', 'c@d.example', LENGTHS), false)).toBe(sha1);
  expect(hashOf({ kind: 'triplet', sha1 }, true)).toBe(sha1);
});
