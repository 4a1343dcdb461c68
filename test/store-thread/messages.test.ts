/**
 * What is sent to the store thread arrives there as it was.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type IpAddress, parseAddress } from '../../src/address/ip.ts';
import { PROFILES, type Submission, type Terms, type Visit, visitOf } from '../../src/greylist/visit.ts';
import { packVisits, unpackVisits } from '../../src/store-thread/messages.ts';

/** Whatever a mail server may send: nothing at all, marks of the message itself, halves of characters. */
const text = fc
  .oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '>', '@', '"', '\\', '{}', '\ud800', 'müller', '\0', '__proto__'),
  )
  // It ends a line of the protocol, so that no value has it.
  .map((any) => any.replaceAll('\n', ''));
const optional = fc.option(text.filter(Boolean), { nil: undefined });
const seconds = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });

const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((word) => parseAddress(word) as IpAddress);

const terms = fc.record<Terms>({
  profile: fc.constantFrom(...PROFILES),
  delay: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
  ...{ isSuspect: fc.boolean(), isAlwaysGreylisted: fc.boolean() },
  ...{ pool: optional, farm: optional, sender: text, maskedSender: text },
});

const visit = fc
  .tuple(address, text, text, seconds, fc.option(terms, { nil: undefined }))
  .map(([client, sender, recipient, now, known]) =>
    visitOf({ client, sender, recipient }, { ipv4: 24, ipv6: 64 }, now, known),
  );
const submission = fc.record<Submission>({ user: text, correspondent: text, now: seconds });

test('visits and submissions, of whatever text', () => {
  let withTerms = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof(visit, submission), { maxLength: 5 }), (visits: (Visit | Submission)[]) => {
      const arrived = unpackVisits(structuredClone(packVisits(visits)));
      expect(arrived).toEqual(visits);
      withTerms += visits.filter((one) => 'terms' in one && one.terms !== undefined).length;
    }),
    { numRuns: 2000 },
  );
  expect(withTerms).toBeGreaterThan(500);
});
