/**
 * --dry-run: remembers and logs as ever, and lets all mail pass. And the counts of decisions that greyd saves.
 */
import { expect, test } from 'vitest';
import { openSqliteReader } from '../../src/store/sqlite/reader.ts';
import { Daemon } from '../support/daemon.ts';

const DELAY = 300;
const T0 = 1_700_000_000;

/** A new triplet, a retry that comes too early, one that passes, and a mail after that. */
async function askAll(daemon: Daemon): Promise<string[]> {
  const answers = [];
  for (const seconds of [0, 10, DELAY, DELAY + 60])
    answers.push(await daemon.ask({ policy_test_time: T0 + seconds, instance: String(seconds) }));
  return answers;
}

const actions = (daemon: Daemon) =>
  daemon.logLines
    .filter((line) => line.startsWith('action='))
    .map((line) => line.replace(/, client_name.*/, ''));

test('with --dry-run all mail passes, and the log says what would have been', async () => {
  const daemon = await Daemon.start(['--dry-run', '--allow-test-time']);
  expect(await askAll(daemon)).toEqual(['DUNNO', 'DUNNO', 'DUNNO', 'DUNNO']);
  await daemon.stop();
  expect(actions(daemon)).toEqual([
    'action=greylist (dry run), reason=new',
    `action=greylist (dry run), reason=early-retry (${DELAY - 10}s missing)`,
    `action=pass, reason=triplet found, delay=${DELAY}`,
    'action=pass, reason=triplet found',
  ]);
});

test('what it has learned counts without --dry-run', async () => {
  const dry = await Daemon.start(['--dry-run', '--allow-test-time']);
  await dry.ask({ policy_test_time: T0 });
  await dry.stop();
  const daemon = await Daemon.start(['--allow-test-time'], { dbdir: dry.dbdir });
  expect(await daemon.ask({ policy_test_time: T0 + DELAY })).toMatch(
    /^PREPEND X-Greylist: delayed 300 seconds/,
  );
});

test('what was decided is saved when greyd ends, in the hour in which it happened', async () => {
  const daemon = await Daemon.start(['--allow-test-time']);
  const before = Math.floor(Date.now() / 3_600_000) * 3600;
  await askAll(daemon);
  await daemon.ask({ sender: 'carol@example.net' });
  await daemon.stop();
  const after = Math.floor(Date.now() / 3_600_000) * 3600;
  const reader = openSqliteReader(daemon.dbdir, () => '');
  const counts = await reader.decisions();
  await reader.close();
  expect(counts.every(({ hour }) => hour === before || hour === after)).toBe(true);
  expect(counts.map(({ hour: _, ...count }) => count)).toEqual([
    { action: 'greylist', reason: 'early-retry', waited: 0, count: 1 },
    { action: 'greylist', reason: 'new', waited: 0, count: 2 },
    { action: 'pass', reason: 'triplet found', waited: 0, count: 1 },
    { action: 'pass', reason: 'triplet found', waited: DELAY, count: 1 },
  ]);
});
