/**
 * Two greyds on one server answer as one of them alone would: the same triplets come to either at random,
 * often at the same moment, while the clock goes on. GREYD_SHARED_REQUESTS (10,000), GREYD_SHARED_SEED (1).
 */
import { describe, expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import type { PolicyClient } from '../support/policy-client.ts';
import { randomNumbers } from '../support/random-numbers.ts';
import { Cluster, RedisServer } from '../support/redis.ts';
import { canRun } from '../support/requirements.ts';
import { entriesOf, openBeside, SHARED_STORE_NEEDS, startDaemon } from './shared-daemons.ts';
import { type Asked, after, NOTHING, type World } from './worlds.ts';

const canTest = canRun('two greyds', SHARED_STORE_NEEDS);

const REQUESTS = Number(process.env.GREYD_SHARED_REQUESTS ?? 10_000);
const SEED = Number(process.env.GREYD_SHARED_SEED ?? 1);

const DAY = 86_400;
const RULES = {
  delay: 300,
  retryWindow: 2 * DAY,
  maxAge: 10 * DAY,
  autoWhitelistAfter: 3,
  namedDelay: 60,
  autoWhitelistFarmsAfter: 3,
};
const OPTIONS = [
  '--quiet',
  '--allow-test-time',
  `--delay=${RULES.delay}`,
  '--retry-window=2',
  '--max-age=10',
  `--auto-whitelist-clients=${RULES.autoWhitelistAfter}`,
  '--greylist-action=DEFER',
  '--greylist-text=%s',
  '--x-greylist-header=X-Greylist: %t',
];

/** Each with two clients, who share their triplets; a slot of its own in a Cluster. */
const NETWORKS = Array.from({ length: 6 }, (_, number) => `10.${number}.2`);
const SENDERS = ['a@example.net', 'b@example.net'];
/** Requests of one network at the same moment; all their orders are tried. */
const MOST_AT_ONCE = 6;
/** Times between two moments, in seconds: mostly those at which an answer changes. */
const STEPS = [0, 1, 1, 60, 299, 300, 301, 301, 1800, 3599, 3600, 3601, DAY, 2 * DAY + 1, 10 * DAY + 3601];

/** @returns how many requests were explained, and why no more, if they were not; and all that may be stored */
async function converse(daemons: readonly Daemon[], requests: number) {
  const random = randomNumbers(SEED);
  const below = (bound: number) => Math.floor(random() * bound);
  const clients: PolicyClient[][] = [];
  for (const daemon of daemons) {
    clients.push(
      await Promise.all(Array.from({ length: NETWORKS.length * MOST_AT_ONCE }, () => daemon.connect())),
    );
  }
  const worlds = new Map<string, World[]>(NETWORKS.map((network) => [network, [NOTHING]]));
  let now = 1_800_000_000;
  let explained = 0;
  let races = 0;
  while (explained < requests) {
    now += STEPS[below(STEPS.length)] ?? 0;
    const asking = NETWORKS.flatMap((network, number) =>
      Array.from({ length: below(MOST_AT_ONCE + 1) }, async (_, index) => {
        const client = `${network}.${1 + below(2)}`;
        const sender = SENDERS[below(SENDERS.length)] ?? '';
        const link = clients[below(daemons.length)]?.[number * MOST_AT_ONCE + index];
        const action = await link?.ask({
          client_address: client,
          sender,
          instance: `${now}.${number}.${index}.${explained}`,
          policy_test_time: now,
          // With it there would be a status code in the answer.
          etrn_domain: undefined,
        });
        const [, seconds] = /^PREPEND X-Greylist: (\d+)$/.exec(action ?? '') ?? [];
        const told = seconds === undefined ? (action ?? '') : `DELAYED ${seconds}`;
        return { network, asked: { client, triplet: sender, action: told } satisfies Asked };
      }),
    );
    const answers = await Promise.all(asking);
    for (const network of NETWORKS) {
      const asked = answers.filter((one) => one.network === network).map((one) => one.asked);
      const possible = after(worlds.get(network) ?? [], asked, RULES, now);
      if (possible.length === 0) {
        return {
          explained,
          races,
          worlds,
          why: JSON.stringify({ network, asked, before: worlds.get(network) }),
        };
      }
      worlds.set(network, possible);
      explained += asked.length;
      if (new Set(asked.map(({ triplet }) => triplet)).size < asked.length) races += 1;
    }
  }
  for (const client of clients.flat()) client.close();
  return { explained, races, worlds, why: undefined };
}

describe.skipIf(!canTest)('two greyds', () => {
  test.each([
    ['on one server', async () => (await RedisServer.start()).url, REQUESTS],
    ['on a Cluster', async () => (await Cluster.start(0)).url, REQUESTS / 4],
  ])('%s answer as one alone would', async (_, start, requests) => {
    const url = await start();
    const daemons = [await startDaemon(url, ...OPTIONS), await startDaemon(url, ...OPTIONS)];
    const { why, explained, races, worlds } = await converse(daemons, requests);
    expect(why).toBeUndefined();
    expect(explained).toBeGreaterThanOrEqual(requests);
    expect(races).toBeGreaterThan(requests / 100);
    for (const daemon of daemons) expect(daemon.logLines).toEqual([expect.stringMatching(/listening on/)]);

    // The stored records are those of one of the worlds, to the second.
    const store = await openBeside(url);
    const triplets = await entriesOf(store, 'triplet');
    const clients = await entriesOf(store, 'client');
    for (const network of NETWORKS) {
      const stored: World = {
        triplets: Object.fromEntries(
          triplets.flatMap(([key, record]) =>
            'sender' in key && 'first' in record && key.clientNetwork === `${network}.0`
              ? [[key.sender, record]]
              : [],
          ),
        ),
        clients: Object.fromEntries(
          clients.flatMap(([key, record]) =>
            'clientAddress' in key && 'count' in record && key.clientAddress.startsWith(`${network}.`)
              ? [[key.clientAddress, record]]
              : [],
          ),
        ),
      };
      expect(worlds.get(network)).toContainEqual(stored);
    }
    console.info(`${explained} requests, ${races} moments with a race`);
  });

  test('that share nothing are found out', async () => {
    const { url } = await RedisServer.start();
    const daemons = [
      await startDaemon(url, ...OPTIONS),
      await startDaemon(url, ...OPTIONS, '--store-prefix=other:'),
    ];
    const { why, explained } = await converse(daemons, REQUESTS);
    expect(why).toBeDefined();
    expect(explained).toBeLessThan(1000);
  });
});
