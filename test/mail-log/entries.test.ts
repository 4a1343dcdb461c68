/**
 * Lines of mail logs.
 */
import { describe, expect, test } from 'vitest';
import { MailLog } from '../../src/mail-log/entries.ts';

const NOW = new Date(2026, 10, 24).getTime() / 1000;
const ACTION =
  'action=greylist, reason=new, client_name=mail.example.net, client_address=192.0.2.1, sender=alice@example.net, recipient=bob@example.org';
const read = (line: string) => new MailLog(NOW).read(line);

test.each([
  `Nov 23 20:44:09 mx postgrey[22120]: ${ACTION}`,
  `Nov 23 20:44:09 mx.example.org greyd-in: 4XyZ12ABcd: ${ACTION}`,
  `2026-11-23T22:53:57.160079+00:00 mx postfix/greyd[1]: ${ACTION}`,
  `{"level":30,"time":1795474437160,"pid":1,"action":"greylist","reason":"new","client_name":"mail.example.net","client_address":"192.0.2.1","sender":"alice@example.net","recipient":"bob@example.org","msg":"${ACTION}"}`,
  `Nov 23 20:44:09 mx postgrey[1]: {"level":30,"action":"greylist","reason":"new","client_name":"mail.example.net","client_address":"192.0.2.1","sender":"alice@example.net","recipient":"bob@example.org"}`,
])('%s', (line) => {
  expect(read(line)).toMatchObject({
    action: 'greylist',
    reason: 'new',
    clientName: 'mail.example.net',
    client: { family: 4, words: [0xc000, 0x0201] },
    sender: 'alice@example.net',
    recipient: 'bob@example.org',
    time: expect.any(Number),
  });
});

test('a line without a time tells of a request all the same', () => {
  for (const line of [ACTION, `4XyZ12ABcd: ${ACTION}`, `mx postgrey[1]: ${ACTION}`])
    expect(read(line)).toMatchObject({ sender: 'alice@example.net', time: undefined, timeText: '' });
});

test('a line without a recipient tells of a request without one', () => {
  const line = `Nov 23 20:44:09 mx postgrey[1]: ${ACTION.replace(/, recipient=.*/, '')}`;
  expect(read(line)).toMatchObject({ sender: 'alice@example.net', recipient: '' });
});

test.each([
  `Nov 23 20:44:09 mx postfix/smtpd[1]: NOQUEUE: reject: helo=<x: ${ACTION}>`,
  `Nov 23 20:44:09 mx postgrey[1]: ${ACTION.replace('192.0.2.1', '192.0.2.300')}`,
  `Nov 23 20:44:09 mx postgrey[1]: message repeated 2 times: [ ${ACTION}]`,
  'Nov 23 20:44:09',
  'Nov 23 20:44:09 mx',
])('not of a request: %s', (line) => {
  expect(read(line)).toBeUndefined();
});

test('its end is the latest time of any line', () => {
  const log = new MailLog(NOW);
  expect(log.end).toBeUndefined();
  for (const line of [
    '2026-11-23T10:00:00Z mx postfix/qmgr[1]: x',
    '2026-11-23T09:00:00Z mx cron[1]: y',
    'z',
  ])
    log.read(line);
  expect(log.end).toBe(Date.UTC(2026, 10, 23, 10) / 1000);
});

describe('broken lines', () => {
  const whole = `Nov 23 20:44:09 mx postgrey[22120]: 4ABC: ${ACTION}`;

  test('cut off anywhere they are ignored, or a recipient is cut', () => {
    for (let length = 0; length < whole.length; length += 1) {
      const entry = read(whole.slice(0, length));
      if (entry !== undefined)
        expect('bob@example.org'.startsWith(entry.recipient), whole.slice(0, length)).toBe(true);
    }
  });

  test('with any character changed they are ignored or read, and nothing is made up', () => {
    for (let index = 0; index < whole.length; index += 1) {
      for (const character of ['\0', ' ', ',', '=', '{', '9', 'ü', '\ud800']) {
        const entry = read(whole.slice(0, index) + character + whole.slice(index + 1));
        expect(['greylist', undefined]).toContain(entry?.action);
      }
    }
  });
});

test('a line made to be slow is not', () => {
  const nasty = `Nov 23 20:44:09 mx postgrey[1]: action=greylist, reason=new, client_name=${', client_address=1, sender=, recipient'.repeat(1500)}`;
  const begin = process.hrtime.bigint();
  expect(read(nasty)).toBeUndefined();
  expect(Number(process.hrtime.bigint() - begin) / 1e9).toBeLessThan(5);
});
