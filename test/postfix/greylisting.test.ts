/**
 * Mail through a real Postfix that asks greyd: what the client is told, what arrives in the mailbox,
 * and what greyd logs about it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/daemon.ts';
import { actionLines, DELAYED, greylistHeaders } from '../support/greylisting.ts';
import { letTimePass } from '../support/passing-time.ts';
import { HAS_IPV6 } from '../support/ports.ts';
import { canRun } from '../support/requirements.ts';
import { smtpDialogue } from '../support/smtp-dialogue.ts';
import { ACCEPTED, greylisted } from './answers.ts';
import { startGreyd } from './greyd.ts';
import { Postfix } from './postfix.ts';
import { type Mail, swaks } from './swaks.ts';

const runs = canRun('Postfix tests', { programs: ['postfix', 'swaks'], root: true });

describe.skipIf(!runs)('greylisting in Postfix', () => {
  let postfix: Postfix;

  beforeAll(async () => {
    postfix = await Postfix.start();
  });

  afterAll(() => postfix?.stop());

  const send = (changes: Partial<Mail> = {}) => swaks({ port: postfix.ports.plain }, changes);

  it('defers a new mail and an early retry, delivers it after the delay with one header', async () => {
    const greyd = await startGreyd(postfix);
    const triplet =
      'client_name=mail.example.net, client_address=192.0.2.10, sender=alice@example.net, recipient=bob@example.org';

    expect((await send()).replies('RCPT')).toEqual([greylisted('bob@example.org')]);
    letTimePass(greyd.dbdir, 100);
    expect((await send()).replies('RCPT')).toEqual([greylisted('bob@example.org')]);
    letTimePass(greyd.dbdir, 200);
    const first = await send();
    const second = await send();

    expect(first.replies('RCPT')).toEqual([ACCEPTED]);
    const mails = await postfix.delivered(first.queueId);
    expect(mails.map(greylistHeaders)).toEqual([[expect.stringMatching(DELAYED)]]);
    expect((await postfix.delivered(second.queueId)).map(greylistHeaders)).toEqual([[]]);
    expect(await actionLines(greyd, 4)).toEqual([
      `action=greylist, reason=new, ${triplet}`,
      expect.stringMatching(`^action=greylist, reason=early-retry \\((200|19\\d)s missing\\), ${triplet}$`),
      expect.stringMatching(`^action=pass, reason=triplet found, delay=3[01]\\d, ${triplet}$`),
      `action=pass, reason=triplet found, ${triplet}`,
    ]);
  });

  it.each([false, true])(
    'puts one header into a mail to two recipients (pipelined: %s)',
    async (pipelined) => {
      const greyd = await startGreyd(postfix);
      const to = ['bob@example.org', 'carol@example.org'];
      const target = { port: postfix.ports.plain, pipelined };

      expect((await swaks(target, { to })).replies('RCPT')).toEqual(to.map(greylisted));
      letTimePass(greyd.dbdir, 300);
      const session = await swaks(target, { to });

      expect(session.replies('RCPT')).toEqual([ACCEPTED, ACCEPTED]);
      const mails = await postfix.delivered(session.queueId);
      expect(mails.map(greylistHeaders)).toEqual([
        [expect.stringMatching(DELAYED)],
        [expect.stringMatching(DELAYED)],
      ]);
      const [, , bob, carol] = await actionLines(greyd, 4);
      expect(bob).toMatch(
        /^action=pass, reason=triplet found, delay=3[01]\d, .*, recipient=bob@example\.org$/,
      );
      // Postfix names the mail once it has accepted the first recipient.
      expect(carol).toMatch(
        new RegExp(
          `^${session.queueId}: action=pass, reason=triplet found, client_name=.*carol@example\\.org$`,
        ),
      );
    },
  );

  it('decides for each recipient of a mail on its own', async () => {
    const greyd = await startGreyd(postfix);
    await send();
    letTimePass(greyd.dbdir, 300);

    const session = await send({ to: ['carol@example.org', 'bob@example.org'] });

    expect(session.replies('RCPT')).toEqual([greylisted('carol@example.org'), ACCEPTED]);
    const [mail, ...others] = await postfix.delivered(session.queueId);
    expect(mail).toContain('Delivered-To: bob@example.org');
    expect(others).toEqual([]);
  });

  it('lets whitelisted clients and recipients pass at once', async () => {
    const directory = temporaryDirectory();
    const clients = join(directory, 'clients');
    const recipients = join(directory, 'recipients');
    writeFileSync(clients, 'friend.example\n198.51.100.0/24\n2001:db8:1::/48\n');
    writeFileSync(recipients, 'postmaster@\n');
    const greyd = await startGreyd(postfix, [
      `--whitelist-clients=${clients}`,
      `--whitelist-recipients=${recipients}`,
    ]);
    const name = 'mail.example.net';

    const sessions = [
      await send({ client: { name: 'mx1.friend.example', address: '192.0.2.20' } }),
      await send({ client: { name, address: '198.51.100.7' } }),
      await send({ client: { name, address: 'IPV6:2001:db8:1::7' } }),
      await send({ to: ['postmaster@example.org', 'bob@example.org'] }),
    ];

    expect(sessions.map((session) => session.replies('RCPT'))).toEqual([
      [ACCEPTED],
      [ACCEPTED],
      [ACCEPTED],
      [ACCEPTED, greylisted('bob@example.org')],
    ]);
    for (const { queueId } of sessions)
      expect((await postfix.delivered(queueId)).map(greylistHeaders)).toEqual([[]]);
    expect((await actionLines(greyd, 5)).map((line) => /action=.*?, reason=[^,]*/.exec(line)?.[0])).toEqual([
      'action=pass, reason=client whitelist',
      'action=pass, reason=client whitelist',
      'action=pass, reason=client whitelist',
      'action=pass, reason=recipient whitelist',
      'action=greylist, reason=new',
    ]);
  });

  it('no longer defers a client with successful retries', async () => {
    const greyd = await startGreyd(postfix, ['--auto-whitelist-clients=1']);
    await send();
    letTimePass(greyd.dbdir, 300);
    await send();

    const session = await send({ from: 'eve@example.net' });

    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(greyd.logLines).toContain('whitelisted: mail.example.net[192.0.2.10]');
    expect((await actionLines(greyd, 3)).at(-1)).toContain('action=pass, reason=client AWL, ');
  });

  it('knows an IPv6 client by its /64 network', async () => {
    const greyd = await startGreyd(postfix);
    const from = (address: string) => send({ client: { name: 'mail.example.net', address } });

    expect((await from('IPV6:2001:db8::1')).replies('RCPT')).toEqual([greylisted('bob@example.org')]);
    letTimePass(greyd.dbdir, 300);

    expect((await from('IPV6:2001:db8::2')).replies('RCPT')).toEqual([ACCEPTED]);
    expect((await from('IPV6:2001:db8:0:1::1')).replies('RCPT')).toEqual([greylisted('bob@example.org')]);
    expect((await actionLines(greyd, 3)).map((line) => /client_address=[^,]*/.exec(line)?.[0])).toEqual([
      'client_address=2001:db8::1',
      'client_address=2001:db8::2',
      'client_address=2001:db8:0:1::1',
    ]);
  });

  it.runIf(HAS_IPV6)('answers about a connection over IPv6', async () => {
    const greyd = await startGreyd(postfix);

    const session = await swaks({ host: '::1', port: postfix.ports.plain }, { client: undefined });

    expect(session.replies('RCPT')).toEqual([greylisted('bob@example.org')]);
    expect(await actionLines(greyd, 1)).toEqual([
      expect.stringMatching(/^action=greylist, reason=new, client_name=\S+, client_address=::1, sender=/),
    ]);
  });

  it('treats the null sender like any other', async () => {
    const greyd = await startGreyd(postfix);

    expect((await send({ from: '' })).replies('RCPT')).toEqual([greylisted('bob@example.org')]);
    letTimePass(greyd.dbdir, 300);
    const session = await send({ from: '' });

    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    const [mail = ''] = await postfix.delivered(session.queueId);
    expect(mail).toContain('Return-Path: <>');
    expect(greylistHeaders(mail)).toEqual([expect.stringMatching(DELAYED)]);
    expect((await actionLines(greyd, 2))[0]).toBe(
      'action=greylist, reason=new, client_name=mail.example.net, client_address=192.0.2.10, recipient=bob@example.org',
    );
  });

  it('takes UTF-8 addresses as they come', async () => {
    const greyd = await startGreyd(postfix);
    const commands = [
      'EHLO mail.example.net',
      'MAIL FROM:<jürgen@example.net> SMTPUTF8',
      'RCPT TO:<büro@bücher.example>',
      'DATA',
      'Subject: Grüße\r\n\r\nSchön war es.\r\n.',
    ];
    const dialogue = () => smtpDialogue(postfix.ports.plain, commands);

    expect((await dialogue()).replies('RCPT')).toEqual([greylisted('büro@bücher.example')]);
    letTimePass(greyd.dbdir, 300);
    const session = await dialogue();

    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    const mails = await postfix.delivered(session.queueId);
    expect(mails.map(greylistHeaders)).toEqual([[expect.stringMatching(DELAYED)]]);
    const [line] = await actionLines(greyd, 2);
    expect(line).toMatch(/, sender=jürgen@example\.net, recipient=büro@bücher\.example$/);
  });

  it('gave Postfix nothing to warn about in all of these tests', () => {
    expect(postfix.log).not.toMatch(/warning|error|fatal|panic/);
  });
});
