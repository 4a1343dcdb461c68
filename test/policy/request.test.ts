import { expect, test } from 'vitest';
import { AttributeReader, type RawRequest } from '../../src/policy/attributes.ts';
import { toPolicyRequest } from '../../src/policy/request.ts';
import { type Attributes, requestText } from '../support/policy-client.ts';

function raw(changes: Attributes): RawRequest {
  const reader = new AttributeReader({ maxBytes: 1024 * 1024, maxAttributes: 1000 });
  reader.push(Buffer.from(requestText(changes)));
  const request = reader.next();
  if (request === undefined) throw new Error('the request is not whole');
  return request;
}

test('a request of Postfix becomes a typed one', () => {
  expect(toPolicyRequest(raw({ queue_id: '4F1A2B', policy_test_time: 1700000000 }))).toEqual({
    clientAddress: '192.0.2.1',
    clientName: 'mail.example.net',
    sender: 'alice@example.net',
    recipient: 'bob@example.org',
    queueId: '4F1A2B',
    instance: '1a2b.65f0c3d1.4e5f6.0',
    hasEtrnDomain: true,
    saslUsername: '',
    isOutgoing: false,
    testTime: 1_700_000_000,
  });
});

test('attributes that Exim does not send may be absent', () => {
  const request = toPolicyRequest(raw({ instance: undefined, etrn_domain: undefined, queue_id: undefined }));
  expect(request).toMatchObject({
    instance: undefined,
    hasEtrnDomain: false,
    queueId: '',
    testTime: undefined,
  });
});

test.each(['client_address', 'client_name', 'sender', 'recipient'])(
  '%s may be empty but not absent',
  (name) => {
    expect(toPolicyRequest(raw({ [name]: '' }))).not.toHaveProperty('fault');
    expect(toPolicyRequest(raw({ [name]: undefined }))).toEqual({ fault: 'attribute missing', name });
  },
);

test('of several missing attributes the first is named', () => {
  expect(toPolicyRequest(raw({ sender: undefined, recipient: undefined }))).toEqual({
    fault: 'attribute missing',
    name: 'recipient',
  });
});

test('other request types are told apart', () => {
  expect(toPolicyRequest(raw({ request: 'junk' }))).toEqual({ fault: 'unrecognized type', type: 'junk' });
  expect(toPolicyRequest(raw({ request: undefined }))).toEqual({ fault: 'unrecognized type', type: '' });
});

test.each(['', 'now', '-5', '1.5', '99999999999999'])('policy_test_time=%s is no time', (time) => {
  expect(toPolicyRequest(raw({ policy_test_time: time }))).toMatchObject({ testTime: undefined });
});
