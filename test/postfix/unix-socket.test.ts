/**
 * greyd on a unix socket, asked by Postfix's SMTP server: an unprivileged user in a chroot,
 * as Debian sets it up.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actionLines } from '../support/greylisting.ts';
import { letTimePass } from '../support/passing-time.ts';
import { canRun } from '../support/requirements.ts';
import { ACCEPTED, greylisted, NOT_ASKED } from './answers.ts';
import { startGreyd } from './greyd.ts';
import { Postfix } from './postfix.ts';
import { swaks } from './swaks.ts';

const runs = canRun('Postfix tests', { programs: ['postfix', 'swaks'], root: true });

describe.skipIf(!runs)('greyd on a unix socket', () => {
  let postfix: Postfix;

  beforeAll(async () => {
    postfix = await Postfix.start();
  });

  afterAll(() => postfix?.stop());

  const send = () => swaks({ port: postfix.ports.unix });

  it('answers Postfix', async () => {
    const greyd = await startGreyd(postfix, [`--unix=${postfix.greydSocket}`]);

    expect((await send()).replies('RCPT')).toEqual([greylisted('bob@example.org')]);
    letTimePass(greyd.dbdir, 300);

    expect((await send()).replies('RCPT')).toEqual([ACCEPTED]);
    expect(await actionLines(greyd, 2)).toHaveLength(2);
  });

  it('keeps Postfix out if the socket is for its owner alone', async () => {
    await startGreyd(postfix, [`--unix=${postfix.greydSocket}`, '--socketmode=0600']);

    expect((await send()).replies('RCPT')).toEqual([NOT_ASKED]);
    await postfix.logged(/warning: connect to .*greyd\/socket: Permission denied/);
  });
});
