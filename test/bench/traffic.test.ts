import { expect, test } from 'vitest';
import { AttributeReader } from '../../src/policy/attributes.ts';
import { TRAFFIC } from './plan.ts';
import { RECENT_TRIPLETS, Traffic, tripletMail, WHITELISTED_CLIENTS, whitelistedMail } from './traffic.ts';

const MAILS = 20_000;

/** The triplet and the client that a request is about, as `mailOf` has them. */
function askedAbout(request: string): string {
  const reader = new AttributeReader({ maxBytes: 10_000, maxAttributes: 100 });
  reader.push(Buffer.from(request));
  const { client_address: client, sender, recipient } = reader.next()?.attributes ?? {};
  return [client, sender, recipient].join(' ');
}

const textOf = ({ clientAddress, sender, recipient }: ReturnType<typeof tripletMail>) =>
  [clientAddress, sender, recipient].join(' ');

const TRIPLETS = 50_000;
const START = { new: 1_000_000, known: 0 };

test('no triplet is new twice, or is in the database', () => {
  const traffic = new Traffic(TRAFFIC.new, TRIPLETS, START);
  const seen = new Set(Array.from({ length: TRIPLETS }, (_, n) => textOf(tripletMail(n))));
  expect(seen.size).toBe(TRIPLETS);
  for (let count = 0; count < MAILS; count += 1) seen.add(askedAbout(traffic.next().request));
  expect(seen.size).toBe(TRIPLETS + MAILS);
});

test('no triplet is known twice, from slice to slice, until there are no more', () => {
  const known = TRIPLETS - RECENT_TRIPLETS;
  const left = new Set(Array.from({ length: known }, (_, n) => textOf(tripletMail(RECENT_TRIPLETS + n))));
  for (const start of [0, known / 2]) {
    const traffic = new Traffic(TRAFFIC.known, TRIPLETS, { ...START, known: start });
    for (let count = 0; count < known / 2; count += 1) left.delete(askedAbout(traffic.next().request));
    if (start > 0) expect(() => traffic.next()).toThrow('the database is too small');
  }
  expect(left.size).toBe(0);
});

test('a mixture has its shares, and asks about what is there', () => {
  const traffic = new Traffic(TRAFFIC.mix, TRIPLETS, START);
  const known = new Set(Array.from({ length: MAILS }, (_, n) => textOf(tripletMail(RECENT_TRIPLETS + n))));
  const clients = new Set(
    Array.from({ length: WHITELISTED_CLIENTS }, (_, n) => whitelistedMail(n).clientAddress),
  );
  for (let count = 0; count < MAILS; count += 1) {
    const { kind, request } = traffic.next();
    const text = askedAbout(request);
    expect(known.has(text)).toBe(kind === 'known');
    expect(clients.has(text.split(' ')[0] ?? '')).toBe(kind === 'whitelisted');
  }
  expect(traffic.counts).toEqual({
    new: 0.7 * MAILS,
    known: 0.2 * MAILS,
    recent: 0,
    whitelisted: 0.1 * MAILS,
  });
});

test('what is recent is any of the first triplets', () => {
  const traffic = new Traffic(TRAFFIC.recent, TRIPLETS, START);
  const recent = new Set(Array.from({ length: RECENT_TRIPLETS }, (_, n) => textOf(tripletMail(n))));
  const asked = new Set(Array.from({ length: MAILS }, () => askedAbout(traffic.next().request)));
  expect([...asked].filter((text) => !recent.has(text))).toEqual([]);
  expect(asked.size).toBeGreaterThan(RECENT_TRIPLETS / 2);
});
