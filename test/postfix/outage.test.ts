/**
 * greyd dies while Postfix goes on asking it. What happens to the mail is said in Postfix's
 * configuration, and what greyd had promised before stays true when it is back.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/daemon.ts';
import { actionLines, DELAYED, greylistHeaders } from '../support/greylisting.ts';
import { letTimePass } from '../support/passing-time.ts';
import { canRun } from '../support/requirements.ts';
import { ACCEPTED, greylisted, NOT_ASKED } from './answers.ts';
import { startGreyd } from './greyd.ts';
import { Postfix } from './postfix.ts';
import { swaks } from './swaks.ts';

const runs = canRun('Postfix tests', { programs: ['postfix', 'swaks'], root: true });

describe.skipIf(!runs)('Postfix while greyd is away', () => {
  let postfix: Postfix;

  beforeAll(async () => {
    postfix = await Postfix.start();
  });

  afterAll(() => postfix?.stop());

  it('defers mail in the plain form, and goes on where it was when greyd is back', async () => {
    const dbdir = temporaryDirectory();
    const send = () => swaks({ port: postfix.ports.plain });
    const greyd = await startGreyd(postfix, [], { dbdir });
    expect((await send()).replies('RCPT')).toEqual([greylisted('bob@example.org')]);

    await greyd.stop('SIGKILL');
    expect((await send()).replies('RCPT')).toEqual([NOT_ASKED]);

    const successor = await startGreyd(postfix, [], { dbdir });
    expect((await send()).replies('RCPT')).toEqual([greylisted('bob@example.org')]);
    letTimePass(dbdir, 300);
    const session = await send();
    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    const mails = await postfix.delivered(session.queueId);
    expect(mails.map(greylistHeaders)).toEqual([[expect.stringMatching(DELAYED)]]);
    const [early, passed] = await actionLines(successor, 2);
    expect(early).toMatch(/^action=greylist, reason=early-retry \(2\d\ds missing\), /);
    expect(passed).toMatch(/^action=pass, reason=triplet found, delay=3[01]\d, /);
  });

  it('lets mail pass with default_action=DUNNO, and greylists again when greyd is back', async () => {
    const send = (from: string) => swaks({ port: postfix.ports.tolerant }, { from });
    const greyd = await startGreyd(postfix);
    expect((await send('alice@example.net')).replies('RCPT')).toEqual([greylisted('bob@example.org')]);

    await greyd.stop('SIGKILL');
    const session = await send('alice@example.net');
    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    expect((await postfix.delivered(session.queueId)).map(greylistHeaders)).toEqual([[]]);

    await startGreyd(postfix);
    expect((await send('eve@example.net')).replies('RCPT')).toEqual([greylisted('bob@example.org')]);
  });

  it('does not notice a restart between two mails', async () => {
    const dbdir = temporaryDirectory();
    const send = () => swaks({ port: postfix.ports.plain });
    const greyd = await startGreyd(postfix, [], { dbdir });
    await send();
    const logged = postfix.log.length;

    expect(await greyd.stop('SIGTERM')).toEqual({ status: 0, signal: null });
    await startGreyd(postfix, [], { dbdir });
    letTimePass(dbdir, 300);

    expect((await send()).replies('RCPT')).toEqual([ACCEPTED]);
    expect(postfix.log.slice(logged)).not.toMatch(/warning|problem/);
  });
});
