/**
 * greyd is away, or as good as: mail passes Exim, whose log says why, and what greyd had promised
 * before stays true when it is back.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { DELAYED } from '../support/greylisting.ts';
import { letTimePass } from '../support/passing-time.ts';
import { Exim, enterableDirectory, runsExim } from './exim.ts';
import { ACCEPTED, GREYLISTED, NOT_ASKED, sending } from './mail.ts';
import { PolicyStandIn } from './policy-stand-in.ts';

describe.skipIf(!runsExim)('Exim while greyd is away', () => {
  it('lets mail pass, and goes on where it was when greyd is back', async () => {
    const directory = enterableDirectory();
    const socket = join(directory, 'socket');
    const exim = new Exim({ greyd: socket });
    const start = () =>
      Daemon.start(['--exim', '--hostname=mx.example.org'], {
        dbdir: directory,
        listen: [`--unix=${socket}`],
      });
    const greyd = await start();
    expect((await exim.rehearse(sending())).session.replies('RCPT')).toEqual([GREYLISTED]);

    await greyd.stop('SIGKILL');
    const unasked = await exim.rehearse(sending());
    expect(unasked.session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(unasked.addedHeaders).toEqual([]);
    expect(unasked.log[0]).toContain(NOT_ASKED);

    await start();
    expect((await exim.rehearse(sending())).session.replies('RCPT')).toEqual([GREYLISTED]);
    letTimePass(directory, 300);
    const late = await exim.rehearse(sending());
    expect(late.session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(late.addedHeaders).toEqual([expect.stringMatching(DELAYED)]);
  });

  it('lets mail pass if its account may not use the socket', async () => {
    const socket = join(enterableDirectory(), 'socket');
    await Daemon.start(['--exim', '--socketmode=0600'], { listen: [`--unix=${socket}`] });

    const { session, log } = await new Exim({ greyd: socket }).rehearse(sending());

    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(log[0]).toContain(NOT_ASKED);
  });

  it('lets mail pass if nobody listens on the port', async () => {
    const greyd = await Daemon.start(['--exim']);
    await greyd.stop();

    const { session, log } = await new Exim({ greyd: `inet:127.0.0.1:${greyd.port}` }).rehearse(sending());

    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(log[0]).toContain(NOT_ASKED);
  });

  it.each([
    ['does not come in time', undefined],
    ['is a closed connection', ''],
    ['is not one of the policy protocol', '550 go away\n'],
  ])('lets mail pass if the answer %s', async (_what, answer) => {
    const standIn = await PolicyStandIn.start(answer);
    // Nobody waits longer than he must.
    const exim = new Exim({ greyd: standIn.place, options: '1s' });

    const { session, log } = await exim.rehearse(sending());

    expect(standIn.requests).toHaveLength(1);
    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(log[0]).toContain(NOT_ASKED);
  });

  it('takes an action that is not for it as no objection, and says so in its log', async () => {
    const standIn = await PolicyStandIn.start('action=WARN something\n\n');

    const { session, log, addedHeaders } = await new Exim({ greyd: standIn.place }).rehearse(sending());

    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    expect(addedHeaders).toEqual([]);
    expect(log.join()).toContain(NOT_ASKED);
  });
});
