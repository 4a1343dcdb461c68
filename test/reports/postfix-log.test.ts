/**
 * The log of a real Postfix that asks greyd, read by postgreyreport: what the stand-in of the other
 * tests writes is what Postfix writes.
 */
import { describe, expect, test } from 'vitest';
import { startGreyd } from '../postfix/greyd.ts';
import { Postfix } from '../postfix/postfix.ts';
import { swaks } from '../postfix/swaks.ts';
import { letTimePass } from '../support/passing-time.ts';
import { canRun } from '../support/requirements.ts';
import { exported, postgreyreport } from './postgreyreport.ts';

const runs = canRun('postgreyreport beside Postfix', {
  programs: ['postfix', 'swaks', 'postgreyreport', 'db_load'],
  root: true,
});

describe.skipIf(!runs)('the log of Postfix', () => {
  test('tells postgreyreport of the mail that was never retried', async () => {
    const postfix = await Postfix.start();
    try {
      const greyd = await startGreyd(postfix);
      const send = (from: string) => swaks({ port: postfix.ports.plain }, { from });
      await send('alice@example.net');
      await send('lost@example.net');
      letTimePass(greyd.dbdir, 300);
      await send('alice@example.net');
      await postfix.logged(/from=<lost@example\.net>/);
      expect(postgreyreport(postfix.log, await exported(greyd.dbdir), ['--tab', '--show_tries'])).toEqual([
        '1\t192.0.2.10\tmail.example.net\tlost@example.net\tbob@example.org',
      ]);
    } finally {
      await postfix.stop();
    }
  });
});
