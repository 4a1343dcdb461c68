/**
 * A database that greyd must not touch, or may not: of a newer greyd, or damaged in a directory where it
 * cannot be set aside. greyd serves, mail passes, and it is used as soon as that is possible.
 */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { forgotten, MailFlow } from '../support/mail-flow.ts';
import { canRun } from '../support/requirements.ts';

const MAILS = 200;
const NOBODY = 65534;

const told = (daemon: Daemon) => daemon.logLines.filter((line) => /store |database/.test(line));

/** Lets mail pass, does what makes the database usable, and sees mail deferred and kept from then on. */
async function recover(daemon: Daemon, mend: () => void): Promise<number> {
  const flow = new MailFlow(daemon);
  await flow.morePassed(MAILS);
  expect(flow.deferred.size).toBe(0);
  mend();
  await daemon.logged(/store works again/);
  const { passed } = flow;
  await flow.moreDeferred(MAILS);
  await flow.stop();
  expect(flow.passed).toBe(passed);
  expect(forgotten(flow.deferred, join(daemon.dbdir, 'greyd.db'))).toEqual([]);
  return passed;
}

test('of a newer greyd: it is left as it is, and the right one is used when it is put back', async () => {
  const dbdir = temporaryDirectory();
  const path = join(dbdir, 'greyd.db');
  const before = await Daemon.start([], { dbdir });
  await before.ask({ sender: 'known@example.net' });
  await before.stop();
  renameSync(path, `${path}.right`);
  const newer = new Database(path);
  newer.pragma('user_version = 99');
  newer.close();
  const bytes = readFileSync(path);

  const daemon = await Daemon.start(['--quiet'], { dbdir });
  const passed = await recover(daemon, () => {
    expect(readFileSync(path)).toEqual(bytes);
    renameSync(`${path}.right`, path);
  });
  expect(told(daemon)).toEqual([
    expect.stringMatching(/^store failed, .*: it has schema version 99, this greyd knows \d+: use the greyd/),
    `store works again, ${passed} ${passed === 1 ? 'request' : 'requests'} passed without greylisting`,
  ]);
  expect(forgotten(new Map([['known@example.net', Date.now() / 1000]]), path)).toEqual([]);
});

describe.skipIf(!canRun('directory of another account', { root: true }))('in a directory of root,', () => {
  test('damaged: it stays where it is until the directory is put right, and is set aside then', async () => {
    const dbdir = join(temporaryDirectory(), 'db');
    chmodSync(join(dbdir, '..'), 0o755);
    mkdirSync(dbdir, { mode: 0o755 });
    const path = join(dbdir, 'greyd.db');
    writeFileSync(path, 'x'.repeat(8192), { mode: 0o600 });
    chownSync(path, NOBODY, NOBODY);
    // The directory is not empty, so greyd leaves it to its owner.
    const daemon = await Daemon.start(['--quiet', `--user=${NOBODY}`], { dbdir });
    const passed = await recover(daemon, () => {
      expect(readFileSync(path, 'latin1')).toBe('x'.repeat(8192));
      chownSync(dbdir, NOBODY, NOBODY);
    });
    const [aside] = readdirSync(dbdir).filter((name) => name.includes('damaged'));
    expect(told(daemon)).toEqual([
      expect.stringMatching(
        /^store failed, .*: the database is damaged \(.*\) and cannot be set aside: EACCES: permission denied/,
      ),
      expect.stringMatching(
        `^the database is damaged \\(.*not a database\\): set aside as ${dbdir}/${aside}, `,
      ),
      `store works again, ${passed} ${passed === 1 ? 'request' : 'requests'} passed without greylisting`,
    ]);
    expect(readFileSync(join(dbdir, aside ?? ''), 'latin1')).toBe('x'.repeat(8192));
  });
});
