import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maskedSender } from '../../src/address/masked-sender.ts';
import { inputs } from '../support/fuzz.ts';

test.each([
  ['the null sender', '', ''],
  ['no @', 'postmaster', 'postmaster'],
  ['a person', 'Anna99@Example.ORG', 'anna99@example.org'],
  ['a person with a full name', 'anna.meier1984@example.org', 'anna.meier1984@example.org'],
  ['five digits are no person', 'anna19841@example.org', '#@example.org'],
  ['words', 'list-bounces@lists.example.org', 'list-bounces@lists.example.org'],
  ['a number', 'bounce-1234@example.org', 'bounce-#@example.org'],
  ['VERP', 'bounce-42-bob=example.org@example.net', 'bounce-#-bob=example.org@example.net'],
  ['a random name', '0102016efd9212ab-1234abcd-00ff-4a4b-9c9d@eu.ses.example', '#@eu.ses.example'],
  ['hex letters beside numbers', 'x-abcdef-12-fade-v@example.org', 'x-#-v@example.org'],
  ['hex letters beside words', 'x-abcdef-v1@example.org', 'x-#@example.org'],
  ['hex letters alone', 'x-abcdef-v@example.org', 'x-abcdef-v@example.org'],
  [
    'digits of a host',
    'bounce-md_30850198.5f3a-v1-0a1b2c@mail202.atl271.mcdlv.net',
    'bounce-md_#@mail#.atl#.mcdlv.net',
  ],
  ['digits of the registered domain stay', 'anna@mail.163.com', 'anna@mail.163.com'],
  ['digits of a customer of a provider stay', 'anna@m1.c2.github.io', 'anna@m#.c2.github.io'],
  ['a domain that is none', 'anna@[192.0.2.1]', 'anna@[192.0.2.1]'],
  ['an internationalized domain', 'anna@Müller.example', 'anna@xn--mller-kva.example'],
  ['a subaddress', 'anna+tag7@example.org', 'anna@example.org'],
  ['BATV', 'prvs=1234567890=anna99+list@example.org', 'anna99@example.org'],
  ['BATV in upper case', 'PRVS=1234567890=anna@example.org', 'anna@example.org'],
  ['BATV of a name with =', 'prvs=1234567890=x-bob=example.net@example.org', 'x-bob=example.net@example.org'],
  ['BATV of Barracuda', 'btv1==0123abcdef==anna@example.org', 'anna@example.org'],
  ['BATV of Message Systems', 'msprvs1=17000abcdef=bounces-258591-7@example.org', 'bounces-#@example.org'],
  ['BATV without a user', 'prvs=1234567890=@example.org', 'prvs=#=@example.org'],
  [
    'SRS: nothing behind its tag is touched',
    'SRS0=Hx1y=TT=example.net=anna99+tag@forwarder.example',
    'srs=#=example.net=anna99+tag@forwarder.example',
  ],
  [
    'SRS with other separators',
    'SRS0+a/+b=7Q=example.net=a1-2@f.example',
    'srs=#=example.net=a1-2@f.example',
  ],
  [
    'the local part is cut at 64 characters',
    `${'a'.repeat(70)}@example.org`,
    `${'a'.repeat(64)}@example.org`,
  ],
  ['a digit behind that does not count', `${'a'.repeat(64)}-1@example.org`, `${'a'.repeat(64)}@example.org`],
  ['the domain begins at the last @', '"a@b"@example.org', '"a@b"@example.org'],
])('%s', (_, sender, masked) => {
  expect(maskedSender(sender)).toBe(masked);
});

test.each([
  ['SES', '0102016efd92ab00-1a@eu.ses.example', '0103017acc001234-9f@eu.ses.example'],
  ['Mailchimp', 'bounce-mc.us7_1.22-a0@mail9.atl1.mcsv.net', 'bounce-mc.us8_3.44-9b@mail202.atl27.mcsv.net'],
  ['BATV on two days', 'prvs=0123456789=anna@example.org', 'prvs=9876543210=anna@example.org'],
  ['SRS on two days', 'SRS0=aaaa=AB=example.net=b7@f.example', 'SRS0=Zz9/=AC=example.net=b7@f.example'],
])('two mails of %s have one masked sender', (_, first, second) => {
  expect(maskedSender(second)).toBe(maskedSender(first));
});

test.each([
  ['two people', 'anna98@example.org', 'anna99@example.org'],
  ['two forwarded people', 'SRS0=aaaa=AB=example.net=b7@f.example', 'SRS0=aaaa=AB=example.net=b8@f.example'],
  ['two domains', 'bounce-1@example.org', 'bounce-1@example.net'],
  ['two lists', 'news-bounce-1@example.org', 'jobs-bounce-1@example.org'],
])('%s have two', (_, first, second) => {
  expect(maskedSender(second)).not.toBe(maskedSender(first));
});

const unit = fc.oneof(
  fc.constantFrom(
    ...'0aefgz-_.=+#@/"ÜΣİ1',
    'prvs=',
    'btv1==',
    'msprvs1=',
    'srs0=',
    'SRS0+',
    'srs=#=',
    'a.org',
    '99',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const anySender = fc.string({ unit, maxLength: 90 });

test('a masked sender is its own, in lower case', () => {
  fc.assert(
    fc.property(anySender, (sender) => {
      const masked = maskedSender(sender);
      expect(maskedSender(masked)).toBe(masked);
      expect(masked).toBe(masked.toLowerCase());
    }),
    { numRuns: inputs(10_000) },
  );
});

test('upper and lower case have one masked sender', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'aBf09-_.=+#@', 'prvs=', 'SRS0='), maxLength: 90 }),
      (sender) => {
        expect(maskedSender(sender.toUpperCase())).toBe(maskedSender(sender));
      },
    ),
    { numRuns: inputs(1000) },
  );
});

test('senders of 100,000 characters take a few milliseconds', () => {
  for (const piece of [
    'a',
    '1',
    'a-',
    '1-',
    'f-',
    '#',
    '#-',
    'a.',
    '=',
    'prvs=a=',
    'srs0=',
    '@',
    '+',
    'a@',
    '1.',
  ])
    for (const sender of [
      piece.repeat(100_000),
      `x@${piece.repeat(100_000)}`,
      `${piece.repeat(60_000)}@example.org`,
    ]) {
      // The fastest of some: a busy machine holds up others.
      const times = Array.from({ length: 5 }, () => {
        const start = performance.now();
        maskedSender(sender);
        return performance.now() - start;
      });
      expect(Math.min(...times), sender.slice(0, 20)).toBeLessThan(100);
    }
});

test('BATV tags stand on either side of a user', () => {
  expect(maskedSender('prvs=alice=0123456789@big.example')).toBe('alice@big.example');
  expect(maskedSender('prvs=0123456789=alice@big.example')).toBe('alice@big.example');
  expect(maskedSender('prvs=mallory=9876543210@big.example')).toBe('mallory@big.example');
});
