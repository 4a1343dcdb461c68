/**
 * Mail through a real Exim that asks greyd as docs/exim.md tells it to: what the client is told, what
 * arrives in the mailbox, and what greyd logs about it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { actionLines, DELAYED, greylistHeaders } from '../support/greylisting.ts';
import { letTimePass } from '../support/passing-time.ts';
import { CLIENT, Exim, enterableDirectory, runsExim } from './exim.ts';
import { ACCEPTED, GREYLISTED, sending } from './mail.ts';

/** Starts greyd on a port, and sets up an Exim that asks it there. */
async function setUp({ args = ['--exim'], options }: { args?: readonly string[]; options?: string } = {}) {
  const greyd = await Daemon.start(['--hostname=mx.example.org', ...args]);
  const exim = new Exim({
    greyd: `inet:127.0.0.1:${greyd.port}`,
    ...(options === undefined ? {} : { options }),
  });
  return { greyd, exim };
}

describe.skipIf(!runsExim)('greylisting in Exim', () => {
  it('defers a new mail and an early retry, accepts it after the delay with one header', async () => {
    const { greyd, exim } = await setUp();
    const triplet =
      'client_name=mail.example.net, client_address=192.0.2.10, sender=alice@example.net, recipient=bob@example.org';

    const first = await exim.rehearse(sending());
    letTimePass(greyd.dbdir, 100);
    const early = await exim.rehearse(sending());
    letTimePass(greyd.dbdir, 200);
    const late = await exim.rehearse(sending());
    const later = await exim.rehearse(sending());

    expect(first.session.replies('RCPT')).toEqual([GREYLISTED]);
    expect(first.addedHeaders).toEqual([]);
    expect(early.session.replies('RCPT')).toEqual([GREYLISTED]);
    expect(late.session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(late.session.replies('Subject')).toEqual([expect.stringMatching(/^250 OK id=/)]);
    expect(late.addedHeaders).toEqual([expect.stringMatching(DELAYED)]);
    expect(later.session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(later.addedHeaders).toEqual([]);
    expect(await actionLines(greyd, 4)).toEqual([
      `action=greylist, reason=new, ${triplet}`,
      expect.stringMatching(`^action=greylist, reason=early-retry \\((200|19\\d)s missing\\), ${triplet}$`),
      expect.stringMatching(`^action=pass, reason=triplet found, delay=3[01]\\d, ${triplet}$`),
      `action=pass, reason=triplet found, ${triplet}`,
    ]);
  });

  it('delivers a delayed mail with the header', async () => {
    const { greyd, exim } = await setUp();

    expect((await exim.receive(sending())).replies('RCPT')).toEqual([GREYLISTED]);
    expect(exim.delivered).toEqual([]);
    letTimePass(greyd.dbdir, 300);
    await exim.receive(sending());

    expect(exim.delivered).toHaveLength(1);
    expect(exim.delivered.map(greylistHeaders)).toEqual([[expect.stringMatching(DELAYED)]]);
  });

  it('puts one header into a mail to two recipients, and one into each mail of a session', async () => {
    const { greyd, exim } = await setUp();
    const recipients = ['bob@example.org', 'carol@example.org', 'dave@example.org'];
    for (const recipient of recipients) {
      await exim.rehearse(sending({ to: [recipient] }));
      letTimePass(greyd.dbdir, 100);
    }
    letTimePass(greyd.dbdir, 200);

    await exim.receive(sending({ to: recipients.slice(0, 2) }, { to: recipients.slice(2) }));

    const delay = (seconds: string) => [expect.stringMatching(`^X-Greylist: delayed ${seconds} seconds by`)];
    expect(exim.delivered.map((mail) => /^Envelope-to: (.*)/m.exec(mail)?.[1])).toEqual(recipients);
    expect(exim.delivered.map(greylistHeaders)).toEqual([delay('50\\d'), delay('50\\d'), delay('30\\d')]);
  });

  it('decides for each recipient of a mail on its own', async () => {
    const { greyd, exim } = await setUp();
    await exim.rehearse(sending());
    letTimePass(greyd.dbdir, 300);

    const { session } = await exim.rehearse(sending({ to: ['bob@example.org', 'carol@example.org'] }));

    expect(session.replies('RCPT')).toEqual([ACCEPTED, GREYLISTED]);
  });

  it('asks over a unix socket, too', async () => {
    const socket = join(enterableDirectory(), 'socket');
    const greyd = await Daemon.start(['--exim', '--hostname=mx.example.org'], {
      listen: [`--unix=${socket}`],
    });
    const exim = new Exim({ greyd: socket });

    expect((await exim.rehearse(sending())).session.replies('RCPT')).toEqual([GREYLISTED]);
    letTimePass(greyd.dbdir, 300);
    const late = await exim.rehearse(sending());

    expect(late.session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(late.addedHeaders).toEqual([expect.stringMatching(DELAYED)]);
  });

  it.each([
    { args: ['--exim'], options: '5s:shutdown=no' },
    { args: [], options: '5s:shutdown=yes' },
  ])('needs one side that ends the connection: $args, $options', async (settings) => {
    const { exim } = await setUp(settings);

    const { session, log } = await exim.rehearse(sending());

    expect(session.replies('RCPT')).toEqual([GREYLISTED]);
    expect(log).toEqual([expect.stringContaining('temporarily rejected RCPT <bob@example.org>')]);
  });

  it('lets whitelisted clients and recipients pass at once', async () => {
    const directory = temporaryDirectory();
    const [clients, recipients] = [join(directory, 'clients'), join(directory, 'recipients')];
    writeFileSync(clients, 'friend.example\n198.51.100.0/24\n');
    writeFileSync(recipients, 'postmaster@\n');
    const { exim } = await setUp({
      args: ['--exim', `--whitelist-clients=${clients}`, `--whitelist-recipients=${recipients}`],
    });

    const rehearsals = [
      await exim.rehearse(sending(), { name: 'mx1.friend.example', address: '192.0.2.20' }),
      await exim.rehearse(sending(), { ...CLIENT, address: '198.51.100.7' }),
      await exim.rehearse(sending({ to: ['Postmaster@example.org', 'bob@example.org'] })),
    ];

    expect(rehearsals.map(({ session }) => session.replies('RCPT'))).toEqual([
      [ACCEPTED],
      [ACCEPTED],
      [ACCEPTED, GREYLISTED],
    ]);
    expect(rehearsals.flatMap(({ addedHeaders }) => addedHeaders)).toEqual([]);
  });

  it('treats the null sender like any other', async () => {
    const { greyd, exim } = await setUp();

    expect((await exim.rehearse(sending({ from: '' }))).session.replies('RCPT')).toEqual([GREYLISTED]);
    letTimePass(greyd.dbdir, 300);
    const late = await exim.rehearse(sending({ from: '' }));

    expect(late.session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(late.addedHeaders).toEqual([expect.stringMatching(DELAYED)]);
    expect((await actionLines(greyd, 2))[0]).toBe(
      'action=greylist, reason=new, client_name=mail.example.net, client_address=192.0.2.10, recipient=bob@example.org',
    );
  });

  it('knows an IPv6 client by its /64 network, and one without a name as unknown', async () => {
    const { greyd, exim } = await setUp();

    const first = await exim.rehearse(sending(), { address: '2001:db8::1' });
    letTimePass(greyd.dbdir, 300);
    const late = await exim.rehearse(sending(), { address: '2001:db8::2' });

    expect(first.session.replies('RCPT')).toEqual([GREYLISTED]);
    expect(late.session.replies('RCPT')).toEqual([ACCEPTED]);
    expect((await actionLines(greyd, 2))[0]).toBe(
      'action=greylist, reason=new, client_name=unknown, client_address=2001:0db8:0000:0000:0000:0000:0000:0001, sender=alice@example.net, recipient=bob@example.org',
    );
  });

  it('gives no permanent error, whatever the text of greyd, and takes it as it is', async () => {
    const reply = async (...args: string[]) => {
      const { exim } = await setUp({ args: ['--exim', ...args] });
      return (await exim.rehearse(sending())).session.replies('RCPT');
    };

    expect(await reply('--greylist-text=550 5.7.1 Go away')).toEqual(['451 Go away']);
    expect(await reply('--greylist-text=450 4.7.1 Later')).toEqual(['450 4.7.1 Later']);
    expect(await reply('--greylist-action=450', '--greylist-text=4.7.1 Later')).toEqual(['451 4.7.1 Later']);
    expect(await reply(`--greylist-text=$sender_address \${if}} \\n`)).toEqual([
      `451 $sender_address \${if}} \\n`,
    ]);
  });
});
