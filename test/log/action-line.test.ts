import { expect, test } from 'vitest';
import { type ActionEntry, actionFields, actionLine } from '../../src/log/action-line.ts';

const ENTRY: ActionEntry = {
  queueId: '',
  action: 'greylist',
  reason: 'new',
  clientName: 'mail.example.net',
  clientAddress: '192.0.2.1',
  sender: 'alice@example.net',
  recipient: 'bob@example.org',
};

test('the line that parsers know', () => {
  expect(actionLine(ENTRY)).toBe(
    'action=greylist, reason=new, client_name=mail.example.net, client_address=192.0.2.1, sender=alice@example.net, recipient=bob@example.org',
  );
});

test('queue id and delay stand in their places, empty values are left out', () => {
  const entry: ActionEntry = {
    ...ENTRY,
    queueId: '4F1A2B',
    action: 'pass',
    reason: 'triplet found',
    delay: 301,
    clientName: '',
    sender: '',
  };
  expect(actionLine(entry)).toBe(
    '4F1A2B: action=pass, reason=triplet found, delay=301, client_address=192.0.2.1, recipient=bob@example.org',
  );
  expect(actionFields(entry)).toEqual({
    queue_id: '4F1A2B',
    action: 'pass',
    reason: 'triplet found',
    delay: 301,
    client_address: '192.0.2.1',
    recipient: 'bob@example.org',
  });
});
