/**
 * The limits of the store, reached: mail that greyd does not remember is not deferred, and
 * deferred mail is remembered.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { forgotten } from '../support/mail-flow.ts';

const DEFERRED = /^DEFER_IF_PERMIT /;
const BOUND = 5;
const MAILS = 20;

const sender = (mail: number) => `s${mail}@example.net`;

/** New mails, each on a connection of its own. @returns how each of them is answered, some day */
function sendMails(daemon: Daemon): Promise<string>[] {
  return Array.from({ length: MAILS }, (_, mail) => daemon.ask({ sender: sender(mail) }));
}

/** The deferred mails, with the time at which that is sure. */
function deferred(actions: readonly string[]): Map<string, number> {
  const mails = [...actions.entries()].filter(([, action]) => DEFERRED.test(action));
  return new Map(mails.map(([mail]) => [sender(mail), Date.now() / 1000]));
}

test('--max-queued-requests: more than that do not wait for a database that is locked', async () => {
  const daemon = await Daemon.start([`--max-queued-requests=${BOUND}`, '--store-timeout=20', '--quiet']);
  const path = join(daemon.dbdir, 'greyd.db');
  const other = new Database(path);
  onTestFinished(() => void other.close());
  other.exec('BEGIN IMMEDIATE');
  let atOnce = 0;
  const answers = sendMails(daemon).map(async (answer) => {
    const action = await answer;
    if (action === 'DUNNO') atOnce += 1;
    // All that may pass have passed while the lock is held: now it can go.
    if (atOnce === MAILS - BOUND && other.inTransaction) other.exec('ROLLBACK');
    return action;
  });
  const mails = deferred(await Promise.all(answers));
  expect(mails.size).toBe(BOUND);
  expect(forgotten(mails, path)).toEqual([]);

  const client = await daemon.connect();
  while (!daemon.log.includes('store works again')) await client.ask({ recipient: 'other@example.org' });
  expect(daemon.logLines.filter((line) => line.includes('store '))).toEqual([
    expect.stringMatching(/^store failed, .*: 5 requests are waiting for it \(--max-queued-requests\)$/),
    expect.stringMatching(/^store works again, \d+ requests? passed without greylisting$/),
  ]);
});

test('--max-triplets: new mail passes, and deferred mail is greylisted to its end', async () => {
  const daemon = await Daemon.start([`--max-triplets=${BOUND}`, '--allow-test-time', '--quiet']);
  const mails = deferred(await Promise.all(sendMails(daemon)));
  expect(mails.size).toBe(BOUND);
  expect(forgotten(mails, join(daemon.dbdir, 'greyd.db'))).toEqual([]);
  await daemon.logged(/--max-triplets reached/);
  expect(daemon.logLines.filter((line) => line.includes('--max-triplets'))).toEqual([
    '--max-triplets reached: new triplets pass without greylisting',
  ]);
  for (const known of mails.keys()) {
    expect(await daemon.ask({ sender: known })).toMatch(DEFERRED);
    const later = Math.ceil(Date.now() / 1000) + 300;
    expect(await daemon.ask({ sender: known, instance: known, policy_test_time: later })).toMatch(
      /^PREPEND /,
    );
  }
});

test('--max-new-per-client: mail of this network passes, that of others is deferred', async () => {
  const daemon = await Daemon.start([`--max-new-per-client=${BOUND}`, '--allow-test-time']);
  const ask = (mail: number, address: string) =>
    daemon.ask({ sender: sender(mail), client_address: address, policy_test_time: 1_700_000_000 });
  const mails = Array.from({ length: MAILS }, (_, mail) => mail);
  const actions = await Promise.all(mails.map((mail) => ask(mail, '192.0.2.1')));
  const put = deferred(actions);
  expect(put.size).toBe(BOUND);
  expect(forgotten(put, join(daemon.dbdir, 'greyd.db'))).toEqual([]);
  expect(await ask(0, '198.51.100.1')).toMatch(DEFERRED);
  await daemon.logged(new RegExp(`(action=pass, reason=over --max-new-per-client[^]*){${MAILS - BOUND}}`));
});
