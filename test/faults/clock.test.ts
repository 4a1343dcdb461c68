/**
 * The wall clock steps under a running daemon and its load: as ntpd does after a boot without a battery,
 * an administrator by mistake, or a virtual machine that slept. Records are then from the future, or as
 * old as the step is long.
 *
 * After each step this must hold: a mail waits for at most one more --delay, counted from its next visit;
 * every deferred mail is stored; no answer fails, and no time-out fires, because they do not go by
 * the wall clock.
 *
 * Known limit: between a step and the step back no walk of the cleaner is made here. One that is made
 * under a clock that is 40 days ahead deletes known triplets, whose mail is greylisted again.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { forgotten, MailFlow } from '../support/mail-flow.ts';
import { requestText } from '../support/policy-client.ts';
import { canRun } from '../support/requirements.ts';
import { WALL_CLOCK_NEEDS, WallClock } from '../support/wall-clock.ts';

const MINUTE = 60;
const DAY = 86_400;
const YEAR = 365 * DAY;
const DELAY = 300;
/** Two successful retries, and the client is on the auto-whitelist; a client is counted once an hour. */
const OPTIONS = ['--quiet', `--delay=${DELAY}`, '--auto-whitelist-clients=2'];
const COUNT_INTERVAL = 3600;

/** Minimum number of mails of the load that are deferred after each step. */
const MAILS = 50;
/** For mails that only have to be deferred, at any time. */
const ANY_TIME = Number.MAX_VALUE;

const DEFERRED = /^DEFER_IF_PERMIT /;

/** Each of them is a message of its own, and so gets a header of its own. */
const NO_INSTANCE = { instance: undefined };

/** Mails that are known in different ways when the clock steps, each of a client of its own. */
const MAILS_KNOWN = {
  /** Deferred just now. */
  waiting: { client_address: '198.51.100.1', sender: 'waiting@example.com' },
  /** Deferred 200 seconds ago, and again just now. */
  retried: { client_address: '198.51.100.2', sender: 'retried@example.com' },
  /** Has passed once. */
  passed: { client_address: '198.51.100.3', sender: 'passed@example.com' },
  /** A new mail of a client on the auto-whitelist. */
  listed: { client_address: '198.51.100.4', sender: 'listed-c@example.com' },
} as const;

type MailName = keyof typeof MAILS_KNOWN;
const NAMES = Object.keys(MAILS_KNOWN) as MailName[];

describe.skipIf(!canRun('steps of the clock', WALL_CLOCK_NEEDS))('the wall clock', () => {
  /** A daemon under load to which all of MAILS_KNOWN is known. */
  async function startKnowing() {
    const clock = new WallClock();
    const daemon = await Daemon.start(OPTIONS, { launcher: clock.launcher });
    const flow = new MailFlow(daemon);
    const visit = (name: MailName) => daemon.ask({ ...MAILS_KNOWN[name], ...NO_INSTANCE });
    for (const sender of ['listed-a@example.com', 'listed-b@example.com']) {
      const first = await daemon.ask({ ...MAILS_KNOWN.listed, ...NO_INSTANCE, sender });
      clock.step(COUNT_INTERVAL);
      const second = await daemon.ask({ ...MAILS_KNOWN.listed, ...NO_INSTANCE, sender });
      expect([first, second]).toEqual([
        expect.stringMatching(DEFERRED),
        expect.stringMatching(/^PREPEND X-Greylist: delayed 36\d\d seconds/),
      ]);
    }
    await visit('passed');
    clock.step(DELAY);
    expect(await visit('passed')).toMatch(/^PREPEND /);
    await visit('retried');
    clock.step(200);
    expect(await visit('retried')).toMatch(DEFERRED);
    expect(await visit('waiting')).toMatch(DEFERRED);
    return { clock, daemon, flow, visit };
  }

  /** Returns which of MAILS_KNOWN are deferred now; the others pass. */
  async function putOff(visit: (name: MailName) => Promise<string>): Promise<MailName[]> {
    const names: MailName[] = [];
    for (const name of NAMES) {
      const action = await visit(name);
      if (DEFERRED.test(action)) names.push(name);
      else expect(action).toMatch(/^(DUNNO$|PREPEND X-Greylist: delayed \d+ seconds)/);
    }
    return names;
  }

  /** Ends the load and the daemon: nothing failed, no deferred mail is missing. */
  async function finish(daemon: Daemon, flow: MailFlow): Promise<void> {
    await flow.stop();
    expect(flow.passed).toBe(0);
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    const [listening, ...told] = daemon.logLines;
    expect(listening).toMatch(/^greyd \S+ listening on /);
    expect(told.pop()).toMatch(/^SIGTERM received: stopping /);
    const expected =
      /^(correcting date for first seen in the future!|whitelisted: mail\.example\.net\[\S+\])$/;
    expect(told.filter((line) => !expected.test(line))).toEqual([]);
    const deferred = new Map([...flow.deferred.keys()].map((sender) => [sender, ANY_TIME]));
    expect(forgotten(deferred, join(daemon.dbdir, 'greyd.db'))).toEqual([]);
  }

  test.each<[string, number, MailName[]]>([
    ['forward by a day', DAY, []],
    ['forward by 40 days, longer than anything is kept', 40 * DAY, NAMES],
    ['forward by 10 years', 10 * YEAR, NAMES],
    // A first-seen time in the future begins anew; `retried` has 160 seconds to go.
    ['backward by a minute', -MINUTE, ['waiting', 'retried']],
    // The auto-whitelist has no first visit that could lie in the future.
    ['backward by a day', -DAY, ['waiting', 'retried', 'passed']],
    ['backward by 10 years', -10 * YEAR, ['waiting', 'retried', 'passed']],
  ])('%s: who waits, waits once more and not longer', async (name, step, waitOnceMore) => {
    const { clock, daemon, flow, visit } = await startKnowing();
    flow.restart();
    clock.step(step);
    expect(await putOff(visit)).toEqual(waitOnceMore);
    await flow.moreDeferred(MAILS);
    const before = firstSeen(daemon, waitOnceMore);
    expect(before.filter((first) => Math.abs(first - clock.now) > DELAY)).toEqual([]);
    expect(before).toHaveLength(waitOnceMore.length);

    clock.step(DELAY);
    expect(await putOff(visit)).toEqual([]);
    await flow.moreDeferred(MAILS);
    clock.step(DAY);
    expect(await putOff(visit)).toEqual([]);
    await finish(daemon, flow);
    console.info(
      `clock ${name}: ${waitOnceMore.length} of ${NAMES.length} known mails waited once more; ` +
        `${flow.deferred.size} new ones deferred, 0 forgotten; slowest answer ${flow.slowestMs.toFixed(0)} ms`,
    );
  });

  test('forward by 10 years and back, whether visited between or not', async () => {
    const { clock, daemon, flow, visit } = await startKnowing();
    clock.step(10 * YEAR);
    expect(await visit('waiting')).toMatch(DEFERRED);
    expect(await visit('passed')).toMatch(DEFERRED);
    clock.step(DELAY);
    expect(await visit('passed')).toMatch(/^PREPEND /);
    await flow.moreDeferred(MAILS);
    clock.step(-10 * YEAR - DELAY);
    // Not visited there, `retried` still waits for its 100 seconds, and `listed` for nothing.
    expect(await putOff(visit)).toEqual(['waiting', 'retried', 'passed']);
    await flow.moreDeferred(MAILS);
    clock.step(DELAY);
    expect(await putOff(visit)).toEqual([]);
    await finish(daemon, flow);
  });

  test.each([
    ['forward', 10 * YEAR],
    ['backward', -10 * YEAR],
  ])('%s while a mail waits for the database: no time-out fires', async (_, step) => {
    const clock = new WallClock();
    const daemon = await Daemon.start(['--quiet', '--store-timeout=10'], { launcher: clock.launcher });
    const other = new Database(join(daemon.dbdir, 'greyd.db'));
    onTestFinished(() => void other.close());
    const [waiting, unfinished, unstored] = await Promise.all([
      daemon.connect(),
      daemon.connect(),
      daemon.connect(),
    ]);
    /** Requests that need no store are answered at once; all earlier ones are under way by then. */
    const underWay = async () => expect(await unstored.ask({ client_address: 'none' })).toBe('DUNNO');
    other.exec('BEGIN IMMEDIATE');
    waiting.send(requestText());
    const half = requestText({ sender: 'half@example.net' });
    unfinished.send(half.slice(0, 300));
    await underWay();
    clock.step(step);
    for (let turn = 0; turn < 20; turn += 1) await underWay();
    other.exec('ROLLBACK');
    expect(await waiting.reply()).toMatch(DEFERRED);
    unfinished.send(half.slice(300));
    expect(await unfinished.reply()).toMatch(DEFERRED);
    expect(daemon.log).not.toMatch(/store/);
    // Requests from before the step, but for the mail that was half here.
    expect(firstSeen(daemon, [], 'half@example.net')[0]).toBeCloseTo(clock.now, -2);
  });
});

/** When mails of MAILS_KNOWN, or of other senders, were first seen, in Unix seconds. */
function firstSeen(daemon: Daemon, names: readonly MailName[], ...senders: readonly string[]): number[] {
  const database = new Database(join(daemon.dbdir, 'greyd.db'), { readonly: true });
  try {
    const get = database
      .prepare<[string], number>('SELECT first_seen FROM triplets WHERE sender = ?')
      .pluck();
    return [...names.map((name) => MAILS_KNOWN[name].sender), ...senders].map(
      (sender) => get.get(sender) ?? 0,
    );
  } finally {
    database.close();
  }
}
