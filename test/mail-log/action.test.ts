/**
 * Action lines, read back.
 */
import { describe, expect, test } from 'vitest';
import { type ActionEntry, actionFields, actionLine } from '../../src/log/action-line.ts';
import { readLoggedAction } from '../../src/mail-log/action.ts';

const ENTRY: ActionEntry = {
  queueId: '',
  action: 'greylist',
  reason: 'new',
  clientName: 'mail.example.net',
  clientAddress: '192.0.2.1',
  sender: 'alice@example.net',
  recipient: 'bob@example.org',
};

/** The action that must be read from a logged entry. */
function readable({ action, reason, clientName, clientAddress, sender, recipient }: ActionEntry) {
  return { action, reason, clientName, clientAddress, sender, recipient };
}

describe.each<Partial<ActionEntry>>([
  {},
  { queueId: '4XyZ12ABcd' },
  { action: 'pass', reason: 'triplet found', delay: 301 },
  { reason: 'early-retry (299s missing)' },
  { clientName: '' },
  { sender: '' },
  { recipient: '' },
  { sender: '', recipient: '' },
  { clientName: '', sender: '', recipient: '' },
  { sender: 'john, doe=x@example.net', recipient: '' },
  { clientName: '', sender: '', clientAddress: '2001:db8::1' },
  { clientAddress: 'fe80::1%eth0' },
  { sender: 'john, doe=x@example.net' },
  { sender: '"a, client_address=10.0.0.1, sender=b"@example.net' },
  { sender: '"a, recipient=mallory@example.net"@example.net' },
  { sender: 'jürgen@example.net', recipient: 'büro@bücher.example' },
  { clientName: 'mail, and=more.example.net' },
  { recipient: 'bob=x, y@example.org' },
  { clientAddress: '192.0.2.0', clientName: '', sender: '*@example.net', recipient: '*@example.org' },
])('%j', (changes) => {
  const entry = { ...ENTRY, ...changes };

  test('from its line', () => {
    expect(readLoggedAction(actionLine(entry))).toEqual(readable(entry));
  });

  test('from its object', () => {
    expect(readLoggedAction(JSON.stringify({ level: 30, time: 1, ...actionFields(entry) }))).toEqual(
      readable(entry),
    );
  });
});

test.each([
  ['192.0.2.1/32', '192.0.2.1'],
  ['2001:db8::1/128', '2001:db8::1'],
])('the mask of postgrey 1.36 is dropped: %s', (written, clientAddress) => {
  const line = actionLine({ ...ENTRY, clientAddress: written });
  expect(readLoggedAction(line)).toEqual(readable({ ...ENTRY, clientAddress }));
});

test.each([
  'action=greylist, reason=new',
  'action=greylist, reason=new, client_name=x, client_address=192.0.2.1, sender',
  'action=greylist, reason=new, client_name=x, client_address=192.0.2.1, helo=a@b',
  'action=defer, reason=new, client_address=192.0.2.1, recipient=a@b',
  'x action=greylist, reason=new, client_address=192.0.2.1, recipient=a@b',
  'whitelisted: mail.example.net[192.0.2.1]',
  '{"action":"greylist","reason":',
  '{"action":["greylist"]}',
  '{',
])('another message: %s', (message) => {
  expect(readLoggedAction(message)).toBeUndefined();
});
