/**
 * greyd on a unix socket, asked by Postfix's SMTP server: an unprivileged user in a chroot,
 * as Debian sets it up.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
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

  it('answers Postfix where --user, --group and --socketmode give it the right to, and nobody else', async () => {
    const dbdir = mkdtempSync(join(tmpdir(), 'greyd-test-'));
    chmodSync(dbdir, 0o755);
    onTestFinished(() => rmSync(dbdir, { recursive: true }));
    const args = ['--user=nobody', '--group=postfix', '--socketmode=0660', `--unix=${postfix.greydSocket}`];
    const greyd = await startGreyd(postfix, args, { dbdir: join(dbdir, 'db') });
    const { uid, gid, mode } = lstatSync(postfix.greydSocket);
    const idOf = (...words: readonly string[]) => Number(execFileSync('id', words, { encoding: 'utf8' }));
    expect([uid, gid, mode & 0o777]).toEqual([idOf('-u', 'nobody'), idOf('-g', 'postfix'), 0o660]);

    expect((await send()).replies('RCPT')).toEqual([greylisted('bob@example.org')]);
    expect((await send()).replies('RCPT')).toEqual([greylisted('bob@example.org')]);
    letTimePass(greyd.dbdir, 300);
    expect((await send()).replies('RCPT')).toEqual([ACCEPTED]);
    expect((await actionLines(greyd, 3))[2]).toMatch(/reason=triplet found, delay=3\d\d,/);
  });

  it('keeps Postfix out if the socket is for its owner alone', async () => {
    await startGreyd(postfix, [`--unix=${postfix.greydSocket}`, '--socketmode=0600']);

    expect((await send()).replies('RCPT')).toEqual([NOT_ASKED]);
    await postfix.logged(/warning: connect to .*greyd\/socket: Permission denied/);
  });
});
