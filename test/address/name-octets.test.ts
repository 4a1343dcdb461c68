import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/address/ip.ts';
import { octetsIn } from '../../src/address/name-octets.ts';
import { inputs } from '../support/fuzz.ts';

function octets(text: string, address: string): number {
  const client = parseAddress(address);
  if (client === undefined) throw new Error(`${address} is no address`);
  return octetsIn(text, client);
}

describe('octets of an IPv4 address in a name', () => {
  test.each([
    ['forwards', 'host-203-0-113-7', '203.0.113.7', 4],
    ['backwards', '7.113.0.203.dsl', '203.0.113.7', 4],
    ['with letters between', '203x0x113x7.ap203', '203.0.113.7', 4],
    ['padded', 'h203-000-113-007', '203.0.113.7', 4],
    ['padded and glued', 'h203000113007', '203.0.113.7', 4],
    ['glued', 'h203113', '203.113.0.7', 2],
    ['glued, the last two', 'f9168', '203.0.9.168', 2],
    ['padded in part', 'cable090.28-201-24', '24.201.28.90', 4],
    ['the last three', 'adsl-149-170-52', '70.149.170.52', 3],
    ['the first three', '133.red-62-57-162', '62.57.162.133', 3],
    ['the last two', 'k100-159.bas1', '159.134.100.159', 2],
    ['the first two backwards', 'a0-203', '203.0.113.7', 2],
    ['the middle two are chance', 'a0-113', '203.0.113.7', 0],
    ['not in a row', '203.a9.0.b9.113', '203.0.113.7', 0],
    ['the end of a number', 'a1203-0', '203.0.113.7', 0],
    ['the start of a number', 'a203-01', '203.0.113.7', 0],
    ['few glued digits are chance', 'lin12', '192.0.2.1', 0],
    ['one octet', 'mx7', '203.0.113.7', 0],
    ['hex', 'catv-566518d8', '86.101.24.216', 4],
    ['hex behind a hex letter', 'dsl51b66087', '81.182.96.135', 4],
    ['hex backwards, in pieces', 'f1.2f.25ae.ip4', '174.37.47.241', 4],
    ['three in hex', 'a-6518d8', '86.101.24.216', 3],
    ['the last two in hex', 's07f1', '203.0.7.241', 2],
    ['the last two in hex among others', 's107f1', '203.0.7.241', 0],
    ['the middle two in hex', 's0071', '203.0.113.7', 0],
    ['nothing', 'mail', '203.0.113.7', 0],
    ['an empty text', '', '203.0.113.7', 0],
  ] as const)('%s: %s', (_, text, address, count) => {
    expect(octets(text, address)).toBe(count);
  });
});

describe('the last group of an IPv6 address', () => {
  test.each([
    ['mail-pj1-x102a', '2607:f8b0:4864:20::102a', 2],
    ['smtp-8fae', '2001:1600:4:17::8fae', 2],
    ['smtp-18fae', '2001:1600:4:17::8fae', 0],
    ['a20704', '2a01:111:f400:7e83::704', 0],
    ['mx1', '2001:db8::1', 0],
    ['mx704', '2001:db8::704', 2],
    ['203-0-113-7', '::ffff:203.0.113.7', 0],
  ] as const)('%s', (text, address, count) => {
    expect(octets(text, address)).toBe(count);
  });
});

test('all four are found in every form', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const form = fc.constantFrom<(octet: number) => string>(
    (value) => String(value),
    (value) => String(value).padStart(3, '0'),
  );
  const four = fc.tuple(octet, octet, octet, octet);
  fc.assert(
    fc.property(
      four,
      form,
      fc.constantFrom('-', '.', 'x', '_'),
      fc.boolean(),
      (address, write, between, back) => {
        const row = (back ? address.toReversed() : address).map(write).join(between);
        expect(octets(`dsl-${row}.pool`, address.join('.'))).toBe(4);
        const hex = (back ? address.toReversed() : address)
          .map((value) => value.toString(16).padStart(2, '0'))
          .join('');
        fc.pre(/\d/.test(hex));
        expect(octets(`dsl-${hex}.pool`, address.join('.'))).toBe(4);
      },
    ),
    { numRuns: inputs(1000) },
  );
});
