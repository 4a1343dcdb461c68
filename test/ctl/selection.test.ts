import { expect, test } from 'vitest';
import { selectionOf } from '../../src/ctl/selection.ts';
import type { PlainKey } from '../../src/greylist/keys.ts';

const LENGTHS = { ipv4: 24, ipv6: 64 };

const KEYS: Readonly<Record<string, PlainKey>> = {
  alice: {
    kind: 'triplet',
    clientNetwork: '192.0.2.0',
    sender: 'alice@example.net',
    recipient: 'bob@example.org',
  },
  bounce: { kind: 'triplet', clientNetwork: '192.0.3.0', sender: '', recipient: 'bob@example.org' },
  carol: {
    kind: 'triplet',
    clientNetwork: '2001:db8:0:0:0:0:0:0',
    sender: 'carol@sub.example.net',
    recipient: 'dave@example.com',
  },
  client: { kind: 'client', clientAddress: '192.0.2.77' },
  client6: { kind: 'client', clientAddress: '2001:db8:0:0:0:0:0:5' },
};

test.each([
  ['client_address=192.0.2.77', ['alice', 'client']],
  ['client_address=192.0.2.1', ['alice']],
  ['client_address=192.0.2.64/26', ['alice', 'client']],
  ['client_address=192.0.2.0/23', ['alice', 'bounce', 'client']],
  ['client_address=0.0.0.0/0', ['alice', 'bounce', 'client']],
  ['client_address=2001:DB8::5', ['carol', 'client6']],
  ['client_address=2001:db8::/32', ['carol', 'client6']],
  ['sender=Alice@Example.net', ['alice']],
  ['sender=prvs=1234567890=alice@example.net', ['alice']],
  ['sender=alice+list=example.org@example.net', ['alice']],
  ['sender=@example.net', ['alice']],
  ['sender=<>', ['bounce']],
  ['recipient=bob@example.org', ['alice', 'bounce']],
  ['recipient=@EXAMPLE.com', ['carol']],
  ['recipient=bob@example.org client_address=192.0.2.0/24', ['alice']],
])('%s', (words, expected) => {
  const attributes = new Map(
    words.split(' ').map((word) => word.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );
  const isSelected = selectionOf(attributes, LENGTHS);
  const selected = Object.entries(KEYS).filter(([, key]) => isSelected(key));
  expect(selected.map(([name]) => name)).toEqual(expected);
});

test('an empty sender is refused', () => {
  expect(() => selectionOf(new Map([['sender', '']]), LENGTHS)).toThrow('write <> for the null sender');
});

test('what is no network is refused', () => {
  expect(() => selectionOf(new Map([['client_address', 'mail.example.net']]), LENGTHS)).toThrow(
    'client_address=mail.example.net: write an address or a network',
  );
});
