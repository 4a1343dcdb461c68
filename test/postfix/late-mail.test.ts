/**
 * The steps of an administrator when a good mail is late: explain says why, pass lets it through, and a real Postfix
 * accepts
 * the next attempt.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { greyctl } from '../support/greyctl.ts';
import { canRun } from '../support/requirements.ts';
import { ACCEPTED, greylisted } from './answers.ts';
import { startGreyd } from './greyd.ts';
import { Postfix } from './postfix.ts';
import { swaks } from './swaks.ts';

const runs = canRun('a late mail through Postfix', { programs: ['postfix', 'swaks'], root: true });

describe.skipIf(!runs)('a mail that is late', () => {
  let postfix: Postfix;

  beforeAll(async () => {
    postfix = await Postfix.start();
  });

  afterAll(() => postfix?.stop());

  it('is explained by its line in the log of Postfix or greyd, passes, and is forgotten', async () => {
    const greyd = await startGreyd(postfix);
    const send = async () => (await swaks({ port: postfix.ports.plain })).replies('RCPT');
    const ask = (command: string, line: string, ...options: string[]) =>
      greyctl([command, `--dbdir=${greyd.dbdir}`, '--from-log=-', ...options], { input: line });
    const why = async (line: string) => {
      const { status, stdout } = await ask('explain', line, '--json');
      return { status, ...(JSON.parse(stdout) as { reason: string; triplet: { state: string } }) };
    };

    expect(await send()).toEqual([greylisted('bob@example.org')]);
    const [line = ''] = await greyd.logged(/^action=greylist, reason=new,.*$/m);
    const rejected = /^.*NOQUEUE: reject: .*$/m.exec(postfix.log)?.[0] ?? '';
    expect(rejected).toContain('mail.example.net[192.0.2.10]');
    for (const one of [line, rejected]) {
      expect(await why(one)).toMatchObject({
        status: 1,
        // Within the second of the first attempt it is new once more.
        reason: expect.stringMatching(/^(new|early-retry \(29\ds missing\))$/),
        triplet: { state: 'waiting' },
      });
    }

    const passed = await ask('pass', rejected);
    expect(passed).toEqual({
      status: 0,
      stdout: 'marked as passed: 192.0.2.0 alice@example.net -> bob@example.org\n',
      stderr: '',
    });
    expect(await why(line)).toMatchObject({
      status: 0,
      reason: 'triplet found',
      triplet: { state: 'passed' },
    });
    const session = await swaks({ port: postfix.ports.plain });
    expect(session.replies('RCPT')).toEqual([ACCEPTED]);
    await postfix.delivered(session.queueId);

    expect((await ask('forget', line)).status).toBe(0);
    expect(await send()).toEqual([greylisted('bob@example.org')]);
  });
});
