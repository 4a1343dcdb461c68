/**
 * Submission through a real Postfix, with the lines of docs/good-mail.md: greyd learns to whom our users write, and
 * what they are answered passes.
 *
 * XCLIENT stands for the login, so that no SASL server is needed.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actionLines } from '../support/greylisting.ts';
import { canRun } from '../support/requirements.ts';
import { smtpDialogue } from '../support/smtp-dialogue.ts';
import { ACCEPTED, greylisted } from './answers.ts';
import { startGreyd } from './greyd.ts';
import { Postfix } from './postfix.ts';
import { type Client, MAIL, swaks } from './swaks.ts';

const runs = canRun('submission through Postfix', { programs: ['postfix', 'swaks'], root: true });

const PAGE = readFileSync('docs/good-mail.md', 'utf8');
const LINE = /^ *-o \{ (smtpd_recipient_restrictions = .*policy_context.*) \}$/m.exec(PAGE)?.[1] ?? '';
/** For a Postfix that knows no policy_context: in the old form of master.cf, commas in place of blanks. */
const OLD_LINE = /^ *-o (smtpd_recipient_restrictions=.*:60001.*)$/m.exec(PAGE)?.[1] ?? '';

const LOGIN = ['smtpd_sasl_auth_enable = yes', 'smtpd_relay_restrictions ='];
/** As Debian's master.cf has it, and as later ones of Postfix have it. */
const SERVICES = [
  { settings: [...LOGIN, LINE] },
  { settings: [...LOGIN, OLD_LINE] },
  {
    settings: [LOGIN[0] ?? '', 'smtpd_relay_restrictions = permit_sasl_authenticated, reject', LINE],
  },
];

const FRIEND = 'carol@firm.example';
const NAMED: Client = { name: 'mail.firm.example', address: '198.51.100.7' };

describe.skipIf(!runs)('mail of our own users', () => {
  let postfix: Postfix;

  beforeAll(async () => {
    postfix = await Postfix.start(SERVICES);
  });

  afterAll(() => postfix?.stop());

  const greydWithProfile = () =>
    startGreyd(postfix, ['--profile=smart', `--outgoing=127.0.0.1:${postfix.ports.outgoing}`]);

  /** Submits a mail up to its recipient. @param login empty: none */
  async function submit(service: number, login: string): Promise<string> {
    const who = `XCLIENT NAME=pc.example.org ADDR=192.0.2.99${login === '' ? '' : ` LOGIN=${login}`}`;
    const words = [who, 'EHLO pc', 'MAIL FROM:<bob@example.org>', `RCPT TO:<${FRIEND}>`];
    const session = await smtpDialogue(postfix.extraPorts[service] ?? 0, words);
    return session.replies('RCPT')[0] ?? '';
  }

  const answer = async (client: Client) => {
    const session = await swaks({ port: postfix.ports.tolerant }, { ...MAIL, client, from: FRIEND });
    return session.replies('RCPT')[0];
  };

  test.each([
    [0, 'policy_context'],
    [1, 'a port of its own'],
    [2, 'policy_context, after smtpd_relay_restrictions'],
  ])('service %i, by %s: the answer passes', async (service) => {
    const greyd = await greydWithProfile();
    expect(await answer(NAMED)).toBe(greylisted('bob@example.org'));
    expect(await submit(service, 'bob')).toBe(ACCEPTED);
    expect(await answer(NAMED)).toBe(ACCEPTED);
    const [, learnt, passed] = await actionLines(greyd, 3);
    expect(learnt).toBe(
      'action=outgoing, reason=recorded, client_name=pc.example.org, client_address=192.0.2.99, sender=bob@example.org, recipient=carol@firm.example',
    );
    expect(passed).toMatch(/^action=pass, reason=correspondent, /);
  });

  test('who has not logged in submits nothing, and nothing is learnt', async () => {
    const greyd = await greydWithProfile();
    expect(await submit(0, '')).toMatch(/^554 5\.7\.1 /);
    expect(await answer(NAMED)).toBe(greylisted('bob@example.org'));
    const [asked] = await actionLines(greyd, 2);
    expect(asked).toMatch(/^action=outgoing, reason=not authenticated, /);
  });

  test('without greyd it is accepted', async () => {
    expect(await submit(0, 'bob')).toBe(ACCEPTED);
  });
});
