/**
 * Tests which triplets count as retried.
 */
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/address/ip.ts';
import type { LogEntry } from '../../src/mail-log/entries.ts';
import { MAX_OPEN, Unreturned } from '../../src/mail-log/never-retried.ts';

const SETTINGS = { delay: 300, lengths: { ipv4: 24, ipv6: 64 } };
const BY_HOST = { delay: 300, lengths: { ipv4: 32, ipv6: 128 } };
const END = 1_000_000;

type Change = Partial<Omit<LogEntry, 'client'>>;
/** A log entry at a time. */
type Logged = readonly [time: number, change?: Change];

const EARLY: Change = { reason: 'early-retry (1s missing)' };
const PASS: Change = { action: 'pass', reason: 'triplet found' };

function entryOf([time, change = {}]: Logged): LogEntry {
  const clientAddress = change.clientAddress ?? '192.0.2.1';
  const client = parseAddress(clientAddress);
  if (client === undefined) throw new Error(`no address: ${clientAddress}`);
  return {
    action: 'greylist',
    reason: 'new',
    clientName: 'mail.example.net',
    sender: 'alice@example.net',
    recipient: 'bob@example.org',
    ...change,
    clientAddress,
    client,
    time,
    timeText: `t${time}`,
  };
}

function report(logged: readonly Logged[], { settings = SETTINGS, end = END } = {}) {
  const unreturned = new Unreturned(settings);
  for (const one of logged) unreturned.take(entryOf(one));
  return unreturned
    .tries(end)
    .map(
      ({ clientAddress, sender, count, firstTime, lastTime }) =>
        `${clientAddress} ${sender} ${count} ${firstTime}-${lastTime}`,
    );
}

const ALICE = '192.0.2.1 alice@example.net';

test.each<[string, Logged[], string[]]>([
  ['one try', [[0]], [`${ALICE} 1 t0-t0`]],
  ['tries before the delay', [[0], [10, EARLY], [299, EARLY]], [`${ALICE} 3 t0-t299`]],
  ['a try after the delay, which the daemon puts longer', [[0], [300, EARLY]], []],
  ['an early one after that', [[0], [300, EARLY], [301, EARLY]], []],
  ['a pass', [[0], [300, PASS]], []],
  [
    'a pass in the same second, as the client was whitelisted',
    [[0], [0, { ...PASS, reason: 'client AWL' }]],
    [],
  ],
  [
    'the pass of another recipient',
    [[0], [300, { ...PASS, recipient: 'carol@example.org' }]],
    [`${ALICE} 1 t0-t0`],
  ],
  [
    'tries that the daemon took for new again and again',
    [[0], [200_000], [400_000]],
    [`${ALICE} 3 t0-t400000`],
  ],
  ['one of them was tried again', [[0], [200_000], [200_300, EARLY]], []],
  [
    'the first of them was tried again, too late for the daemon',
    [[0], [300, EARLY], [400_000]],
    [`${ALICE} 3 t0-t400000`],
  ],
  ['greylisted again after a pass', [[0], [300, PASS], [400_000]], [`${ALICE} 1 t400000-t400000`]],
  ['a log that begins with a retry', [[0, EARLY]], [`${ALICE} 1 t0-t0`]],
  ['passes alone', [[0, PASS]], []],
  [
    'a sender that changes from mail to mail',
    [
      [0, { sender: 'x-1@example.net' }],
      [300, { ...PASS, sender: 'X-2@Example.net' }],
    ],
    [],
  ],
  [
    'first form of such a sender',
    [
      [0, { sender: 'x-1@e' }],
      [9, { ...EARLY, sender: 'X-2@e' }],
    ],
    ['192.0.2.1 x-1@e 2 t0-t9'],
  ],
])('%s', (_, logged, expected) => {
  expect(report(logged)).toEqual(expected);
});

test('what has had no chance yet is left out', () => {
  expect(report([[700], [701, { sender: 'eve@example.net' }]], { end: 1000 })).toEqual([
    `${ALICE} 1 t700-t700`,
  ]);
});

describe('a neighbour', () => {
  const neighbour = { clientAddress: '192.0.2.2' };
  const stranger = { clientAddress: '192.0.3.1' };

  test('that was retried counts', () => {
    expect(report([[0], [300, { ...PASS, ...neighbour }]])).toEqual([]);
    expect(report([[0], [300, { ...PASS, ...stranger }]])).toEqual([`${ALICE} 1 t0-t0`]);
  });

  test('counts in IPv6 as well', () => {
    const [one, two] = [{ clientAddress: '2001:db8::1' }, { clientAddress: '2001:DB8:0::2' }];
    expect(
      report([
        [0, one],
        [300, { ...PASS, ...two }],
      ]),
    ).toEqual([]);
  });

  test('does not count with --lookup-by-host', () => {
    expect(report([[0], [300, { ...PASS, ...neighbour }]], { settings: BY_HOST })).toEqual([
      `${ALICE} 1 t0-t0`,
    ]);
  });

  test('that was not retried either is reported on its own', () => {
    expect(report([[0], [5, { ...EARLY, ...neighbour }], [9, EARLY]])).toEqual([
      `${ALICE} 2 t0-t9`,
      '192.0.2.2 alice@example.net 1 t5-t5',
    ]);
  });
});

test('a network that tries from everywhere: a hundred clients are reported', () => {
  const logged = Array.from(
    { length: 5000 },
    (_, index): Logged => [
      index % 100,
      { ...(index > 0 && EARLY), clientAddress: `2001:db8::${index.toString(16)}` },
    ],
  );
  expect(report(logged)).toHaveLength(100);
});

test('beyond the bound no more are taken, and that is known', () => {
  const unreturned = new Unreturned(SETTINGS);
  const sender = (number: number) => ({ sender: `${'abcdefghij'[number % 10]}x${number}@example.net` });
  for (let number = 0; number < MAX_OPEN; number += 1) unreturned.take(entryOf([1, sender(number)]));
  expect(unreturned.isIncomplete).toBe(false);
  unreturned.take(entryOf([2, sender(0)]));
  expect(unreturned.isIncomplete).toBe(false);
  unreturned.take(entryOf([2, sender(MAX_OPEN)]));
  expect(unreturned.isIncomplete).toBe(true);
  expect(unreturned.tries(END)).toHaveLength(MAX_OPEN);
});
