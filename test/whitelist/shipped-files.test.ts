import { expect, test } from 'vitest';
import { type IpAddress, parseAddress } from '../../src/address/ip.ts';
import { Whitelists } from '../../src/whitelist/whitelists.ts';

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
  expect(names.filter((name) => !whitelists.hasClientName(name))).toEqual([]);
  const strangers = [
    '1.2.0.192.bc.googleusercontent.com',
    'ec2-192-0-2-1.compute-1.amazonaws.com',
    'unknown',
    '',
  ];
  expect(strangers.filter((name) => whitelists.hasClientName(name))).toEqual([]);
  expect(whitelists.hasClientAddress(parseAddress('192.0.2.1') as IpAddress)).toBe(false);
  expect(
    ['postmaster@example.org', 'abuse@example.org', 'bob@example.org'].map((address) =>
      whitelists.hasRecipient(address),
    ),
  ).toEqual([true, true, false]);
});
