/**
 * Two greyds with --profile=smart on one server answer as one over its own database: the same random conversation, one
 * request after the other, each to either of the two at random. GREYD_SHARED_SEED (1).
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Attempt, conversations, HOUR, type Writing } from '../greylist/conversation.ts';
import { HOSTS, NEIGHBOURS, ODD_SENDER, SENDERS } from '../greylist/parties.ts';
import { Daemon } from '../support/daemon.ts';
import type { Attributes } from '../support/policy-client.ts';
import { T } from '../support/profile-daemon.ts';
import { randomNumbers } from '../support/random-numbers.ts';
import { RedisServer } from '../support/redis.ts';
import { canRun } from '../support/requirements.ts';
import { SHARED_STORE_NEEDS, startDaemon } from './shared-daemons.ts';

const canTest = canRun('two greyds with a profile', SHARED_STORE_NEEDS);

const SEED = Number(process.env.GREYD_SHARED_SEED ?? 1);
const LEAST_REQUESTS = 1000;

/** What is left of the wait, and how long a mail has waited, stand in the answer. */
const OPTIONS = [
  ...['--profile=smart', '--allow-test-time', '--greylist-action=DEFER', '--greylist-text=%s'],
  ...['--x-greylist-header=X-Greylist: %t', '--auto-whitelist-clients=2', '--max-age=10'],
];

const WORLD = {
  ...{ hosts: [...HOSTS, ...NEIGHBOURS], senders: [...SENDERS, ODD_SENDER] },
  ...{ setsClockBack: true, writes: true },
};

const EVENTS = fc.sample(conversations(WORLD), { seed: SEED, numRuns: 70 }).flat();

function requestAbout(event: Attempt | Writing, now: number, number: number): Attributes {
  const common = { policy_test_time: now, instance: `${now}.${number}`, etrn_domain: undefined };
  if ('user' in event) {
    const { user: sender, correspondent: recipient } = event;
    return { ...common, policy_context: 'outgoing', sasl_username: 'u', sender, recipient };
  }
  const { address: client_address, clientName: client_name, sender, recipient } = event;
  return { ...common, client_address, client_name, sender, recipient };
}

/** Has the conversation with a pair and with one. @returns the first difference, and the answers by their first words */
async function converse(pair: readonly Daemon[]) {
  const alone = await (await Daemon.start(OPTIONS)).connect();
  const either = await Promise.all(pair.map((daemon) => daemon.connect()));
  const random = randomNumbers(SEED);
  const told = { DEFER: 0, PREPEND: 0, DUNNO: 0 };
  let now = T;
  for (const [number, event] of EVENTS.entries()) {
    // What expires in the server does so by the time of today.
    now += Math.max(event.pause, -HOUR);
    const request = requestAbout(event, now, number);
    const answer = await either[Math.floor(random() * either.length)]?.ask(request);
    const expected = await alone.ask(request);
    if (answer !== expected) return { difference: { number, request, answer, expected }, told };
    told[expected.split(' ')[0] as keyof typeof told] += 1;
  }
  return { difference: undefined, told };
}

describe.skipIf(!canTest)('two greyds with --profile=smart', () => {
  test('answer as one', async () => {
    const { url } = await RedisServer.start();
    const { difference, told } = await converse([
      await startDaemon(url, ...OPTIONS),
      await startDaemon(url, ...OPTIONS),
    ]);
    expect(difference).toBeUndefined();
    expect(EVENTS.length).toBeGreaterThan(LEAST_REQUESTS);
    expect(Math.min(...Object.values(told))).toBeGreaterThan(LEAST_REQUESTS / 20);
    console.info(`${EVENTS.length} requests: ${JSON.stringify(told)}`);
  });

  test('that share nothing are found out', async () => {
    const { url } = await RedisServer.start();
    const other = await startDaemon(url, ...OPTIONS, '--store-prefix=other:');
    const { difference } = await converse([await startDaemon(url, ...OPTIONS), other]);
    expect(difference).toBeDefined();
  });
});
