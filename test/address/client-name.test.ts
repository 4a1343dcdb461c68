import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/address/ip.ts';
import { inputs } from '../support/fuzz.ts';
import { factsOf } from '../support/name-words.ts';

describe('no name', () => {
  test.each([
    '',
    'unknown',
    'UNKNOWN',
    'localhost',
    '.',
    '192.0.2.1',
    '1.2.3',
    `${'a.'.repeat(123)}example.org`,
  ])('%j', (clientName) => {
    expect(factsOf(clientName)).toEqual({
      name: undefined,
      domain: undefined,
      isLine: false,
      hasMailWord: false,
      mailName: undefined,
      octets: 0,
      looksRented: false,
    });
  });
});

test.each([
  ['Upper case and a final dot', 'MAIL.Example.ORG.', 'mail.example.org', 'example.org'],
  ['a public suffix', 'co.uk', 'co.uk', undefined],
  ['a private one', 'github.io', 'github.io', undefined],
  ['a customer of one', 'mx.b.github.io', 'mx.b.github.io', 'b.github.io'],
  ['the registered domain', 'example.org', 'example.org', 'example.org'],
  ['an internationalized name', 'mail.Müller.example', 'mail.xn--mller-kva.example', 'xn--mller-kva.example'],
  ['255 characters', `${'a.'.repeat(122)}example.org`, `${'a.'.repeat(122)}example.org`, 'example.org'],
])('name and domain: %s', (_, clientName, name, domain) => {
  expect(factsOf(clientName)).toMatchObject({ name, domain });
});

describe('a line', () => {
  test.each([
    ['dsl-203-0-113-7.isp.example', '203.0.113.7', true],
    ['mail-1.dynamic.isp.example', '203.0.113.7', true],
    ['smtp3.cable.isp.example', '203.0.113.7', true],
    ['mail.dsl.isp.example', '203.0.113.7', false],
    ['mx.113-7.dsl.isp.example', '203.0.113.7', false],
    ['mail.0-113-7.dsl.isp.example', '203.0.113.7', true],
    ['cust182.tnt27.isp.example', '203.0.113.7', true],
    // Words within a word, in the registered domain's own label and in a suffix are none.
    ['result.example.org', '203.0.113.7', false],
    ['dynamo.example.org', '203.0.113.7', false],
    ['host.cable.example', '203.0.113.7', false],
    ['pool.dyndns.org', '203.0.113.7', true],
  ])('%s', (clientName, address, isLine) => {
    expect(factsOf(clientName, address).isLine).toBe(isLine);
  });
});

describe('a mail word, and the end of the name that has it', () => {
  test.each([
    ['mail.example.org', 'mail.example.org'],
    ['webmail2.example.org', 'webmail2.example.org'],
    ['mxb-00082601.gslb.example.org', 'mxb-00082601.gslb.example.org'],
    ['mo576.mail-out.ovh.example', 'mail-out.ovh.example'],
    ['mail-a.outbound.protection.bigsoft.example', 'outbound.protection.bigsoft.example'],
    ['mo4-p00-ob.example.org', 'mo4-p00-ob.example.org'],
    ['dhcp.stls.mo.charter.example', undefined],
    ['mo.example.org', undefined],
    ['a.mo4.example.org', undefined],
    ['f25.law11.hotmail.example', 'hotmail.example'],
    ['o1.em.sendgrid.example', 'sendgrid.example'],
    ['dfw.source.kernel.org', 'kernel.org'],
    ['a.relay.example', undefined],
    ['host.example.mx', undefined],
    ['host.example.email', undefined],
    ['a.mail.github.io', 'mail.github.io'],
    ['scout.example.org', undefined],
  ])('%s', (clientName, mailName) => {
    expect(factsOf(clientName)).toMatchObject({ mailName, hasMailWord: mailName !== undefined });
  });
});

describe('a rented machine', () => {
  test.each([
    ['vps-b1d51c18.example.org', true],
    ['static.example.org', true],
    ['vps.example', false],
    ['customer-7.example.org', true],
    ['host-9.example.org', true],
    ['a.ip.example.org', true],
    ['ghost.example.org', false],
    ['srv12.example.org', true],
    ['srv-12.example.org', true],
    ['srv.example.org', false],
    ['a.srv12.example.org', false],
    ['hw-553668.example.org', true],
    ['hw-55366.example.org', true],
    ['a1234.example.org', false],
    ['0a1b2c3.example.org', false],
    ['0a1b2c3d.example.org', true],
    ['deadbeef.example.org', false],
    ['venus.example.org', false],
    ['12345678.example', false],
  ])('%s', (clientName, isRented) => {
    expect(factsOf(clientName).looksRented).toBe(isRented);
  });
});

test('octets count in the own label of the domain too, never in the suffix', () => {
  expect(factsOf('ns3.ip-203-0-113.example', '203.0.113.7').octets).toBe(3);
  expect(factsOf('a.203-0-113-7.example', '203.0.113.7').octets).toBe(4);
});

const anyClientName = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        ...'.-_',
        'mail',
        'dsl',
        '203',
        '0',
        '113',
        '7',
        'f',
        'ff',
        'x',
        'com',
        'ü',
        'A',
        'co.uk',
      ),
      {
        maxLength: 130,
      },
    )
    .map((parts) => parts.join('')),
);
const anyClient = fc.constantFrom('203.0.113.7', '7.7.7.7', '0.0.0.0', '::', '2001:db8::f7ff');

test('whatever the name, facts are given, and those of its normal form are the same', () => {
  fc.assert(
    fc.property(anyClientName, anyClient, (clientName, address) => {
      const facts = factsOf(clientName, address);
      expect(parseAddress(facts.name ?? '')).toBeUndefined();
      if (facts.name === undefined) return;
      expect(facts.name).toBe(facts.name.toLowerCase());
      expect(factsOf(`${facts.name}.`, address)).toEqual(facts);
      for (const end of [facts.domain, facts.mailName])
        if (end !== undefined) expect(`.${facts.name}`.endsWith(`.${end}`)).toBe(true);
    }),
    { numRuns: inputs(2000) },
  );
});

test('the longest names take less than a millisecond', () => {
  for (const piece of ['1.', 'x.', 'a1-', 'mail.', '7-', 'f', '0', '-', '7.7.7.', 'dsl-7', 'mx']) {
    const clientName = `${piece.repeat(255).slice(0, 243)}.example.org`;
    // The fastest of many: a busy machine holds up some of them.
    const times = Array.from({ length: 200 }, () => {
      const start = performance.now();
      factsOf(clientName, '7.7.7.7');
      return performance.now() - start;
    });
    expect(Math.min(...times), piece).toBeLessThan(1);
  }
});
