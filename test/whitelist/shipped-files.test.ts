import { expect, test } from 'vitest';
import { Whitelists } from '../../src/whitelist/whitelists.ts';
import { hasClient, hasRecipient } from '../support/whitelisted.ts';

test('the whitelists in etc/ are read without a warning and hold what they say', async () => {
  const whitelists = new Whitelists({
    clients: ['etc/greyd/whitelist_clients'],
    recipients: ['etc/greyd/whitelist_recipients'],
  });
  expect(await whitelists.load()).toEqual([]);
  const names = [
    'mail-yw1-f201.google.com',
    'mail-eur05on2100.outbound.protection.outlook.com',
    'a1-2.smtp-out.amazonses.com',
  ];
  expect(names.filter((name) => !hasClient(whitelists, name))).toEqual([]);
  const strangers = [
    '1.2.0.192.bc.googleusercontent.com',
    'ec2-192-0-2-1.compute-1.amazonaws.com',
    'unknown',
    '',
  ];
  expect(strangers.filter((name) => hasClient(whitelists, name))).toEqual([]);
  expect(hasClient(whitelists, 'unknown', '192.0.2.1')).toBe(false);
  expect(
    ['postmaster@example.org', 'abuse@example.org', 'bob@example.org'].map((address) =>
      hasRecipient(whitelists, address),
    ),
  ).toEqual([true, true, false]);
});
