/**
 * The thread and its death. What the real one answers is in test/daemon/ and test/faults/.
 */
import { expect, onTestFinished, test } from 'vitest';
import type { Visit } from '../../src/greylist/visit.ts';
import { CLEANING_PACE } from '../../src/store-thread/cleaner.ts';
import type { Verdict } from '../../src/store-thread/greylister.ts';
import { GreylisterThread, RESTART_PAUSE_MS } from '../../src/store-thread/thread.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { DEFAULT_RULES } from '../support/default-rules.ts';

const NEW: Verdict = { action: 'greylist', reason: 'new', retryAfter: 300, wasInFuture: false };

function visit(sender: string): Visit {
  return {
    triplet: { kind: 'triplet', clientNetwork: '192.0.2.0', sender, recipient: 'bob@example.org' },
    client: { kind: 'client', clientAddress: '192.0.2.1' },
    now: 1_700_000_000,
  };
}

const BROKEN_THREAD = new URL('../support/broken-thread.mjs', import.meta.url);

const REAL_THREAD = new URL('../../dist/store-thread/thread-main.js', import.meta.url);

function setUp(main = BROKEN_THREAD, dbdir = '', pace = CLEANING_PACE) {
  const lines: string[] = [];
  const log = (level: string) => (text: string) => void lines.push(`${level}: ${text.split('\n')[0]}`);
  const time = { now: 0 };
  const thread = new GreylisterThread(
    {
      dbdir,
      privacy: false,
      lookupByHost: false,
      networkLengths: { ipv4: 24, ipv6: 64 },
      sharedStore: undefined,
      hasProfiles: false,
      busyTimeoutMs: 1000,
      pace,
      rules: { ...DEFAULT_RULES, maxTriplets: 0, maxNewPerClient: 0 },
    },
    { notice: log('notice'), warn: log('warn'), error: log('error') },
    () => time.now,
    main,
  );
  onTestFinished(() => thread.close());
  /** Returns the results of visits in one turn. */
  const decide = (...senders: string[]) =>
    Promise.all(senders.map((sender) => thread.decide(visit(sender)).catch((error: Error) => error.message)));
  return { thread, decide, lines, time };
}

test('visits of one turn go over together, and each gets its own answer', async () => {
  const { decide, lines } = setUp();
  expect(await decide('a', 'fail', 'b')).toEqual([NEW, 'disk is full', NEW]);
  expect(await decide('c')).toEqual([NEW]);
  expect(lines).toEqual(['notice: batch of 3', 'notice: batch of 1']);
});

test.each([
  ['throw', 'a bug'],
  ['exit', 'it ended for no known reason'],
])(
  'after its death (%s) all that it had taken fails, and a new one is started a second later',
  async (sender, cause) => {
    const { decide, lines, time } = setUp();
    const waiting = decide('wait');
    await new Promise((resolve) => setImmediate(resolve));
    expect(await decide(sender, 'a')).toEqual(['the store thread has failed', 'the store thread has failed']);
    expect(await waiting).toEqual(['the store thread has failed']);
    expect(lines).toEqual([
      expect.stringContaining(`error: the store thread has failed, please report it: `),
    ]);
    expect(lines[0]).toContain(cause);

    time.now += RESTART_PAUSE_MS - 1;
    expect(await decide('a')).toEqual(['the store thread has ended']);
    time.now += 1;
    expect(await decide('a', 'b')).toEqual([NEW, NEW]);
  },
);

test('one that cannot be started fails visits, and is tried again a second later', async () => {
  const program = new URL('http://192.0.2.1/no-program');
  const { decide, time } = setUp(program);
  expect(await decide('a')).toEqual([expect.stringContaining('URL')]);
  program.href = BROKEN_THREAD.href;
  expect(await decide('a')).toEqual(['the store thread has ended']);
  time.now += RESTART_PAUSE_MS;
  expect(await decide('a')).toEqual([NEW]);
});

test('close waits for the visits under way', async () => {
  const { thread, decide } = setUp();
  const asked = decide('a', 'b');
  await thread.close();
  expect(await asked).toEqual([NEW, NEW]);
  expect(await decide('c')).toEqual(['the store thread has ended']);
});

test('close waits for visits that have come before the store was open', async () => {
  const { thread, decide } = setUp(REAL_THREAD, temporaryDirectory());
  const senders = Array.from({ length: 100 }, (_, number) => `s${number}`);
  const asked = decide(...senders);
  await thread.close();
  expect(await asked).toEqual(senders.map(() => NEW));
});

test('its figures: of one that runs, and none of one that does not or dies', async () => {
  const { thread, decide } = setUp();
  await expect(thread.figures()).rejects.toThrow('the store thread has ended');
  await decide('a');
  expect(await thread.figures()).toEqual({ records: { triplet: 1, client: 2 }, cleaned: undefined });
  const dying = decide('exit');
  await new Promise((resolve) => setImmediate(resolve));
  const asked = thread.figures().catch((error: Error) => error.message);
  await dying;
  expect(await asked).toBe('the store thread has failed');
});

test('the figures of the real one, before it has cleaned up and after', async () => {
  const { thread, decide } = setUp(REAL_THREAD, temporaryDirectory());
  await decide('a', 'b');
  const none = { examined: 0, deleted: 0, lastEnd: undefined };
  const records = { triplet: 2, client: 0 };
  expect(await thread.figures()).toEqual({ records, cleaned: { triplet: none, client: none } });

  const dbdir = temporaryDirectory();
  const before = setUp(REAL_THREAD, dbdir);
  await before.decide('a', 'b');
  await before.thread.close();
  const after = setUp(REAL_THREAD, dbdir, { ...CLEANING_PACE, firstWalkMs: 0, slicePauseMs: 0 });
  await after.thread.check();
  // These visits are of 2023.
  const both = { examined: 2, deleted: 2, lastEnd: expect.any(Number) };
  await expect
    .poll(() => after.thread.figures())
    .toEqual({
      records: { triplet: 0, client: 0 },
      cleaned: { triplet: both, client: { examined: 0, deleted: 0, lastEnd: expect.any(Number) } },
    });
});
