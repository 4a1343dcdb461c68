/**
 * Addresses that mean something to Exim's string expansion or to the policy protocol reach greyd as one
 * value of one attribute, or do not reach it at all.
 */
import { describe, expect, it } from 'vitest';
import { Exim, runsExim } from './exim.ts';
import { ACCEPTED, sending } from './mail.ts';
import { PolicyStandIn } from './policy-stand-in.ts';

/** All that Exim asks about a mail from `sender` to `recipient`. */
const request = (sender: string, recipient: string): string =>
  `request=smtpd_access_policy
protocol_state=RCPT
client_address=192.0.2.10
client_name=mail.example.net
helo_name=mail.example.net
sender=${sender}
recipient=${recipient}

`;

async function ask(mail: { from?: string; to?: string[] }) {
  const standIn = await PolicyStandIn.start('action=DUNNO\n\n');
  const { session } = await new Exim({ greyd: standIn.place }).rehearse(sending(mail));
  return { session, requests: standIn.requests };
}

describe.skipIf(!runsExim)('addresses that Exim hands to greyd', () => {
  it.each([
    ['a}b@example.org', 'a}b@example.org'],
    ['a$domain@example.org', 'a$domain@example.org'],
    [`\${run{/bin/false}}@example.org`, `\${run{/bin/false}}@example.org`],
    ["o'neill@example.org", "o'neill@example.org"],
    ['a=b@example.org', 'a=b@example.org'],
    // Exim takes the quotes off.
    ['"a\\"b"@example.org', 'a"b@example.org'],
    ['"a@b"@example.org', 'a@b@example.org'],
    ['"a b\\nsender=x"@example.org', 'a bnsender=x@example.org'],
    // Not the end of a line for greyd.
    ['"a\rsender=x"@example.org', 'a\rsender=x@example.org'],
    ['büro@bücher.example', 'büro@bücher.example'],
  ])('recipient %j is %j', async (recipient, value) => {
    const { session, requests } = await ask({ to: [recipient] });

    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(requests).toEqual([request('alice@example.net', value)]);
  });

  it.each([
    'a}b@example.net',
    'a$domain@example.net',
    `\${run{/bin/false}}@example.net`,
    '"a\\"b\\nsender=x"@example.net',
    '"a\rrecipient=x"@example.net',
    'jürgen@bücher.example',
  ])('sender %j', async (sender) => {
    const { session, requests } = await ask({ from: sender });

    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(requests).toEqual([request(sender, 'bob@example.org')]);
  });

  it.each(['"a\nsender=x"@example.org', '"a\\\nsender=x"@example.org', '"a\0b"@example.org'])(
    'recipient %j ends at Exim',
    async (recipient) => {
      const { session, requests } = await ask({ to: [recipient] });

      expect(session.replies('RCPT')).toEqual([expect.stringMatching(/^501 /)]);
      expect(requests).toEqual([]);
    },
  );
});
