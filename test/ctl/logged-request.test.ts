/**
 * Lines of mail.log that tell of a request, read back.
 */
import { describe, expect, test } from 'vitest';
import { readLoggedRequest } from '../../src/ctl/request-words.ts';
import { type ActionEntry, actionFields, actionLine } from '../../src/log/action-line.ts';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.org';

function read(line: string) {
  const attributes = readLoggedRequest(line);
  return (
    attributes && ['client_name', 'client_address', 'sender', 'recipient'].map((name) => attributes.get(name))
  );
}

function entry(sender: string, recipient: string): ActionEntry {
  return {
    ...{ queueId: '4F2A', action: 'greylist', reason: 'new' },
    ...{ clientName: 'mail.example.net', clientAddress: '192.0.2.10', sender, recipient },
  };
}

/** Lines of a Postfix 3.7.11. */
const rejected = (stage: string, addresses: string, helo = ' helo=<mail.example.net>', port = '') =>
  `NOQUEUE: reject: ${stage} from mail.example.net[192.0.2.10]${port}: 450 4.2.0 <${stage}>: Data command rejected: Greylisted, see http://postgrey.schweikert.ch/help/.html; ${addresses}proto=ESMTP${helo}`;

const HEADS = [
  'Nov 29 20:53:00 mx postgrey[812]: ',
  'Nov  9 20:53:00.123 mx.example.org greyd[812]: ',
  '2026-11-29T20:53:00.123456+00:00 mx postfix/smtpd[991]: ',
  '2026-11-29T20:53:00Z mx postfix/submission/smtpd[991]: ',
  '2026-11-29T20:53:00+0100 mx postfix-out/smtpd[991]: ',
  '2026-11-29T20:53:00.123Z ',
  'mx postfix/smtps/smtpd[991]: ',
  '',
];

describe.each(HEADS)('behind %j', (head) => {
  test.each([
    [actionLine(entry(ALICE, BOB)), ALICE, BOB],
    [actionLine(entry(ALICE, '')), ALICE, ''],
    [actionLine(entry('', BOB)), '', BOB],
    [actionLine(entry('', '')), '', ''],
    [actionLine({ ...entry(ALICE, ''), queueId: '' }), ALICE, ''],
    [
      actionLine({ ...entry('a, b=c@x.example', ''), action: 'pass', reason: 'triplet found', delay: 301 }),
      'a, b=c@x.example',
      '',
    ],
    [rejected('RCPT', `from=<${ALICE}> to=<${BOB}> `), ALICE, BOB],
    [rejected('RCPT', `from=<${ALICE}> to=<${BOB}> `, '', ':40616'), ALICE, BOB],
    [rejected('RCPT', `from=<> to=<${BOB}> `), '', BOB],
    [rejected('DATA', `from=<${ALICE}> to=<${BOB}> `), ALICE, BOB],
    [rejected('DATA', `from=<${ALICE}> `), ALICE, ''],
    [rejected('END-OF-MESSAGE', `from=<${ALICE}> `), ALICE, ''],
    [rejected('VRFY', `to=<${BOB}> `, ''), '', BOB],
    [rejected('ETRN', ''), '', ''],
    [
      rejected('RCPT', `from=<jürgen@example.net> to=<büro@bücher.example> `),
      'jürgen@example.net',
      'büro@bücher.example',
    ],
    [
      rejected('RCPT', `from=<"a b"@example.net> to=<"c, d"@example.org> `),
      'a b@example.net',
      'c, d@example.org',
    ],
    [
      rejected('RCPT', `from=<"q\\"x\\\\y"@example.net> to=<"c@d"@example.org> `),
      'q"x\\y@example.net',
      'c@d@example.org',
    ],
    [
      rejected('RCPT', `from=<"a> to=<x"@example.net> to=<"c> proto=ESMTP"@example.org> `),
      'a> to=<x@example.net',
      'c> proto=ESMTP@example.org',
    ],
    [rejected('RCPT', `from=<nodomain> to=<bob> `, ' helo=<a??b> sasl_username=x'), 'nodomain', 'bob'],
  ])('%s', (message, sender, recipient) => {
    expect(read(head + message)).toEqual(['mail.example.net', '192.0.2.10', sender, recipient]);
  });
});

test.each([
  `NOQUEUE: reject_warning: RCPT from unknown[2001:db8::1]: 450 x; from=<${ALICE}> to=<${BOB}> proto=SMTP helo=<x>`,
  `4F2A: warn: RCPT from unknown[2001:db8::1]:25: 450 x; from=<${ALICE}> to=<${BOB}> proto=ESMTP`,
  `action=pass, reason=client AWL, client_name=unknown, client_address=2001:db8::1, sender=${ALICE}, recipient=${BOB}`,
])('other forms: %s', (message) => {
  expect(read(message)).toEqual(['unknown', '2001:db8::1', ALICE, BOB]);
});

test('objects of --log-format=json, with empty values left out', () => {
  for (const [sender, recipient] of [
    [ALICE, BOB],
    [ALICE, ''],
    ['', ''],
  ] as const) {
    const object = JSON.stringify({
      level: 30,
      time: 1795474437160,
      pid: 1,
      ...actionFields(entry(sender, recipient)),
    });
    for (const head of ['', 'Nov 29 20:53:00 mx postgrey[812]: '])
      expect(read(head + object)).toEqual(['mail.example.net', '192.0.2.10', sender, recipient]);
  }
});

describe('an address cannot be taken for the end of its line', () => {
  const line = (inReply: string, sender: string, recipient: string) =>
    `NOQUEUE: reject: RCPT from mail.example.net[192.0.2.10]: 450 4.2.0 <${inReply}>: Recipient address rejected: Greylisted; from=<${sender}> to=<${recipient}> proto=ESMTP helo=<x>`;

  test.each([
    'x; from=<eve@example.com> to=<mallory@example.com> proto=ESMTP helo=<x>',
    'x; from=<eve@example.com> to=<mallory',
    'x; from=<eve@example.com> proto=ESMTP',
    '@y> proto=ESMTP sasl_x=; from=<a@b> to=<"',
  ])('%s', (local) => {
    const quoted = `"${local.replace(/["\\]/g, '\\$&')}"@example.org`;
    expect(read(line(`${local}@example.org`, ALICE, quoted))?.slice(2)).toEqual([
      ALICE,
      `${local}@example.org`,
    ]);
    expect(read(line(BOB, quoted, BOB))?.slice(2)).toEqual([`${local}@example.org`, BOB]);
  });
});

test.each([
  'connect from unknown[unknown]',
  `NOQUEUE: reject: RCPT from unknown[unknown]: 450 x; from=<${ALICE}> to=<${BOB}> proto=SMTP`,
  `NOQUEUE: reject: RCPT from mail.example.net[192.0.2.10]: 450 4.2.0 <bob@example.org>: Greylisted; from=<alice@exam`,
  'action=greylist, reason=new, client_name=mail.example.net, client_addr',
  'attribute missing: recipient',
])('of no request: %s', (message) => {
  for (const head of HEADS) expect(read(head + message)).toBeUndefined();
});

test('a line that a syslog daemon has cut off within a long sender is of no request', () => {
  const whole = actionLine(entry(`${'x'.repeat(500)}@${'y'.repeat(480)}.example`, BOB));
  for (const length of [1024 - 40, whole.indexOf(', recipient')])
    expect(read(`Nov 29 20:53:00 mx postgrey[812]: ${whole.slice(0, length)}`)).toBeUndefined();
});

test.each([
  actionLine(entry('*@example.net', '*@example.org')),
  actionLine(entry('*@example.net', '')),
  actionLine(entry('', '*')),
])('--privacy hides of whom it tells: %s', (message) => {
  expect(() => read(message)).toThrow('the log line was written with --privacy');
});
