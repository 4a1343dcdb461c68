/**
 * --profile=smart behind a real Postfix: hosts of one confirmed domain share a wait, and whom our users write to may
 * answer at once. Both ways in which the submission service can ask are tried.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actionLines, greylistHeaders } from '../support/greylisting.ts';
import { letTimePass } from '../support/passing-time.ts';
import { freePort } from '../support/ports.ts';
import { canRun } from '../support/requirements.ts';
import { smtpDialogue } from '../support/smtp-dialogue.ts';
import { ACCEPTED, greylisted } from './answers.ts';
import { startGreyd } from './greyd.ts';
import { Postfix } from './postfix.ts';
import { authPlain, LOGIN_SETTINGS, makeAccounts, SASL_NEEDS } from './sasl.ts';
import { type Mail, swaks } from './swaks.ts';

const runs = canRun('profiles through Postfix', {
  programs: ['postfix', 'swaks', ...SASL_NEEDS.programs],
  commands: SASL_NEEDS.commands,
  root: true,
});

const BOB = 'bob@example.org';
const FRIEND = 'friend@firm.example';
const GATE = { name: 'gate.firm.example', address: '198.51.100.1' };

describe.skipIf(!runs)('a profile in Postfix', () => {
  let postfix: Postfix;
  let outgoingPort = 0;

  beforeAll(async () => {
    outgoingPort = await freePort();
    const submission = (asks: string) => ({
      settings: [...LOGIN_SETTINGS, `smtpd_recipient_restrictions = ${asks}`],
    });
    postfix = await Postfix.start(
      [submission('OUTGOING'), submission(`check_policy_service inet:127.0.0.1:${outgoingPort}`)],
      makeAccounts,
    );
  });

  afterAll(() => postfix?.stop());

  const send = (changes: Partial<Mail> = {}) => swaks({ port: postfix.ports.plain }, changes);

  /** Tries one mail from two networks of a pool, the second one when the shorter delay is over. */
  async function tryTwice(profile: string) {
    const greyd = await startGreyd(postfix, [`--profile=${profile}`]);
    const host = (letter: string, address: string) => ({
      client: { name: `mail-${letter}.outbound.bigsoft.example`, address },
    });
    const first = await send(host('a', '203.0.113.51'));
    letTimePass(greyd.dbdir, 60);
    const second = await send(host('b', '198.51.100.3'));
    expect(first.replies('RCPT')).toEqual([greylisted(BOB)]);
    return { second, lines: await actionLines(greyd, 2) };
  }

  it('accepts a mail that is retried from another network of the same domain', async () => {
    const { second, lines } = await tryTwice('smart');
    expect(second.replies('RCPT')).toEqual([ACCEPTED]);
    const [mail = ''] = await postfix.delivered(second.queueId);
    expect(greylistHeaders(mail)).toEqual([expect.stringMatching(/: delayed 6\d seconds by greyd-/)]);
    expect(lines[1]).toMatch(/^action=pass, reason=triplet found, delay=6\d, client_name=mail-b\.outbound\./);
  });

  it('defers it under --profile=postgrey', async () => {
    const { second, lines } = await tryTwice('postgrey');
    expect(second.replies('RCPT')).toEqual([greylisted(BOB)]);
    expect(lines[1]).toMatch(/^action=greylist, reason=new, client_name=mail-b\.outbound\./);
  });

  const SUBMISSIONS = ['policy_context=outgoing', '--outgoing=PORT'];

  describe.each(SUBMISSIONS)('that hears of outgoing mail by %s', (way) => {
    const startSmart = () => startGreyd(postfix, ['--profile=smart', `--outgoing=127.0.0.1:${outgoingPort}`]);
    /** Names a recipient after the login, and goes. */
    const submit = (login: string) =>
      smtpDialogue(postfix.extraPorts[SUBMISSIONS.indexOf(way)] ?? 0, [
        'EHLO pc.example.org',
        login,
        `MAIL FROM:<${BOB}>`,
        `RCPT TO:<${FRIEND}>`,
      ]);

    it('accepts the first mail of whom a user has written to, and of nobody else', async () => {
      const greyd = await startSmart();
      const session = await submit(authPlain());
      expect(session.replies('AUTH')).toEqual(['235 2.7.0 Authentication successful']);
      expect(session.replies('RCPT')).toEqual([ACCEPTED]);

      const answer = await send({ client: GATE, from: FRIEND });
      const stranger = await send({ client: GATE, from: 'stranger@firm.example' });
      const unnamed = await send({ client: { ...GATE, name: '[UNAVAILABLE]' }, from: FRIEND });

      expect(answer.replies('RCPT')).toEqual([ACCEPTED]);
      expect((await postfix.delivered(answer.queueId)).map(greylistHeaders)).toEqual([[]]);
      expect(stranger.replies('RCPT')).toEqual([greylisted(BOB)]);
      expect(unnamed.replies('RCPT')).toEqual([greylisted(BOB)]);
      const [learnt, ...lines] = await actionLines(greyd, 4);
      expect(learnt).toMatch(/^action=outgoing, reason=recorded, .*, recipient=friend@firm\.example$/);
      expect(lines.map((line) => /reason=[^,]*/.exec(line)?.[0])).toEqual([
        'reason=correspondent',
        'reason=new',
        'reason=new',
      ]);
    });

    it('learns nothing without a login', async () => {
      const greyd = await startSmart();
      const session = await submit(authPlain('wrong'));
      expect(session.replies('AUTH')).toEqual([expect.stringMatching(/^535 5\.7\.8 /)]);
      const anonymous = await submit('NOOP');
      expect(anonymous.replies('RCPT')).toEqual([expect.stringMatching(/^554 5\.7\.1 .*Access denied$/)]);

      expect((await send({ client: GATE, from: FRIEND })).replies('RCPT')).toEqual([greylisted(BOB)]);
      expect(await actionLines(greyd, 1)).toEqual([expect.stringMatching(/^action=greylist, reason=new, /)]);
    });
  });
});
