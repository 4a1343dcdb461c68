import { expect, test } from 'vitest';
import { AttributeReader } from '../../src/policy/attributes.ts';
import { TRAFFIC } from './plan.ts';
import { KNOWN_TRIPLETS, Traffic, tripletMail, WHITELISTED_CLIENTS, whitelistedMail } from './traffic.ts';

const MAILS = 100_000;

/** The triplet and the client that a request is about, as `mailOf` has them. */
function askedAbout(request: string): string {
  const reader = new AttributeReader({ maxBytes: 10_000, maxAttributes: 100 });
  reader.push(Buffer.from(request));
  const { client_address: client, sender, recipient } = reader.next()?.attributes ?? {};
  return [client, sender, recipient].join(' ');
}

const textOf = ({ clientAddress, sender, recipient }: ReturnType<typeof tripletMail>) =>
  [clientAddress, sender, recipient].join(' ');

test('no triplet is new twice, or new and known', () => {
  const traffic = new Traffic(TRAFFIC.new, 1_000_000);
  const seen = new Set(Array.from({ length: KNOWN_TRIPLETS }, (_, n) => textOf(tripletMail(n))));
  expect(seen.size).toBe(KNOWN_TRIPLETS);
  for (let count = 0; count < MAILS; count += 1) seen.add(askedAbout(traffic.next().request));
  expect(seen.size).toBe(KNOWN_TRIPLETS + MAILS);
});

test('a mixture has its shares, and asks about what is known', () => {
  const traffic = new Traffic(TRAFFIC.mix, 1_000_000);
  const counts = { new: 0, known: 0, whitelisted: 0 };
  const known = new Set(Array.from({ length: KNOWN_TRIPLETS }, (_, n) => textOf(tripletMail(n))));
  const clients = new Set(
    Array.from({ length: WHITELISTED_CLIENTS }, (_, n) => whitelistedMail(n).clientAddress),
  );
  const asked = new Set<string>();
  for (let count = 0; count < MAILS; count += 1) {
    const { kind, request } = traffic.next();
    counts[kind] += 1;
    const text = askedAbout(request);
    expect(known.has(text)).toBe(kind === 'known');
    expect(clients.has(text.split(' ')[0] ?? '')).toBe(kind === 'whitelisted');
    if (kind === 'known') asked.add(text);
  }
  expect(counts).toEqual({ new: 0.7 * MAILS, known: 0.2 * MAILS, whitelisted: 0.1 * MAILS });
  // Nearly all of them are asked about, not a few again and again.
  expect(asked.size).toBeGreaterThan(KNOWN_TRIPLETS / 2);
});
