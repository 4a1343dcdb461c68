import { expect, test } from 'vitest';
import { showAll, showNoAddresses } from '../../src/log/disclosure.ts';

const REQUEST = {
  queueId: '4F1A2B',
  clientName: 'host-192-0-2-129.example.net',
  clientAddress: '192.0.2.129',
  sender: 'alice@example.net',
  recipient: 'bob@x@example.org',
};

test('without --privacy a request is shown as it is', () => {
  expect(showAll.request(REQUEST)).toBe(REQUEST);
  expect(showAll.quote('text')).toBe('text');
});

test('with --privacy networks and domains are shown, but no address', () => {
  expect(showNoAddresses.request(REQUEST)).toEqual({
    queueId: '4F1A2B',
    clientName: '',
    clientAddress: '192.0.2.0',
    sender: '*@example.net',
    recipient: '*@example.org',
  });
  expect(
    showNoAddresses.request({
      ...REQUEST,
      clientAddress: '2001:db8:1:2:3::4',
      sender: '',
      recipient: 'postmaster',
    }),
  ).toMatchObject({
    clientAddress: '2001:db8:1:2:0:0:0:0',
    sender: '',
    recipient: '*',
  });
  expect(showNoAddresses.quote('alice@example.net')).toBe('17 characters');
});
