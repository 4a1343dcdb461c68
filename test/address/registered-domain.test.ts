import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { registeredDomain, registryDomain } from '../../src/address/registered-domain.ts';
import { inputs } from '../support/fuzz.ts';

describe('the domain that somebody registered, with the private part of the list and without', () => {
  test.each([
    ['mail.example.co.uk', 'example.co.uk', 'example.co.uk'],
    ['example.org', 'example.org', 'example.org'],
    ['MAIL.Example.ORG', 'example.org', 'example.org'],
    ['a.b.github.io', 'b.github.io', 'github.io'],
    ['github.io', undefined, 'github.io'],
    ['mail.müller.example', 'xn--mller-kva.example', 'xn--mller-kva.example'],
    ['mail.xn--mller-kva.example', 'xn--mller-kva.example', 'xn--mller-kva.example'],
    ['mail.bigsoft.unlisted-top-level', 'bigsoft.unlisted-top-level', 'bigsoft.unlisted-top-level'],
    ['_dmarc.example.org', 'example.org', 'example.org'],
  ])('%s', (name, withPrivate, without) => {
    expect([registeredDomain(name), registryDomain(name)]).toEqual([withPrivate, without]);
  });
});

test.each([
  ['a public suffix', 'co.uk'],
  ['a top-level domain', 'org'],
  ['an IPv4 address', '192.0.2.1'],
  ['an IPv6 address', '2001:db8::1'],
  ['an address in brackets', '[192.0.2.1]'],
  ['numbers', '1.2.3'],
  ['nothing', ''],
  ['a label that is none', 'mail.\u{ad}.example.org'],
  ['a dot', '.'],
  ['an empty label', 'mail..example.org'],
  ['a blank', 'mail example.org'],
  ['a URL', 'https://example.org/'],
  ['a sender', 'user@example.org'],
  ['256 characters', `${'a.'.repeat(122)}example.org.`],
])('%s has no registered domain', (_, name) => {
  expect([registeredDomain(name), registryDomain(name)]).toEqual([undefined, undefined]);
});

test('whatever the name, its registered domain is the end of it and has none but itself', () => {
  const label = fc.stringMatching(/^[a-z\d_-]{1,12}$/);
  const name = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(label, fc.constantFrom('com', 'co', 'uk', 'github', 'io', 'ck', 'www')), {
      maxLength: 8,
    }),
  );
  fc.assert(
    fc.property(name, (parts) => {
      const text = typeof parts === 'string' ? parts : parts.join('.');
      for (const domain of [registeredDomain(text), registryDomain(text)]) {
        if (domain !== undefined && typeof parts !== 'string')
          expect(`.${text}`.endsWith(`.${domain}`)).toBe(true);
      }
      const own = registeredDomain(text);
      if (own !== undefined) expect(registeredDomain(own)).toBe(own);
    }),
    { numRuns: inputs(1000) },
  );
});
