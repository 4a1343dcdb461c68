import { expect, onTestFinished, test } from 'vitest';
import type { Visit } from '../../src/greylist/visit.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { Greylister } from '../../src/store-thread/greylister.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { DEFAULT_RULES } from '../support/default-rules.ts';

const RULES = { ...DEFAULT_RULES, retryWindow: 86400, maxAge: 86400 };
const NOW = 1_700_000_000;

function setUp(limits: { maxTriplets: number; maxNewPerClient: number }) {
  const store = openSqliteStore(temporaryDirectory(), { privacy: false, hash: () => '' });
  onTestFinished(() => store.close());
  const greylister = new Greylister(store, { ...RULES, ...limits });
  const visit = (sender: string, now = NOW, network = '192.0.2.0'): Visit => ({
    triplet: { kind: 'triplet', clientNetwork: network, sender, recipient: 'bob@example.org' },
    client: { kind: 'client', clientAddress: '192.0.2.1' },
    now,
  });
  return async (...args: Parameters<typeof visit>) => (await greylister.decide(visit(...args))).reason;
}

test('beyond --max-triplets new ones pass, and those that are known are greylisted as ever', async () => {
  const decide = setUp({ maxTriplets: 2, maxNewPerClient: 0 });
  expect([await decide('a'), await decide('b')]).toEqual(['new', 'new']);
  expect(await decide('c')).toBe('over --max-triplets');
  expect(await decide('a', NOW + 100)).toBe('early-retry');
  expect(await decide('c', NOW + 300)).toBe('over --max-triplets');
  expect(await decide('a', NOW + 300)).toBe('triplet found');
});

test('a flood in one turn does not get past --max-triplets', async () => {
  const decide = setUp({ maxTriplets: 10, maxNewPerClient: 0 });
  const reasons = await Promise.all(Array.from({ length: 50 }, (_, number) => decide(`s${number}`)));
  expect(reasons.filter((reason) => reason === 'new').length).toBe(10);
  expect(reasons.filter((reason) => reason === 'over --max-triplets').length).toBe(40);
});

test('what only begins a shared wait counts as new as well', async () => {
  const store = openSqliteStore(temporaryDirectory(), { privacy: false, hash: () => '' });
  onTestFinished(() => store.close());
  const greylister = new Greylister(store, { ...RULES, maxTriplets: 0, maxNewPerClient: 2 });
  const reasons = [];
  for (const maskedSender of ['a', 'b', 'c']) {
    const { reason } = await greylister.decide({
      triplet: { kind: 'triplet', clientNetwork: '192.0.2.0', sender: 'same', recipient: 'bob@example.org' },
      client: { kind: 'client', clientAddress: '192.0.2.1' },
      now: NOW,
      terms: {
        profile: 'smart',
        isSuspect: false,
        isAlwaysGreylisted: false,
        pool: 'bigsoft.example',
        farm: undefined,
        sender: 'same',
        maskedSender,
      },
    });
    reasons.push(reason);
  }
  expect(reasons).toEqual(['new', 'new', 'over --max-new-per-client']);
});

test('beyond --max-new-per-client new ones of this network pass, in this hour', async () => {
  const decide = setUp({ maxTriplets: 0, maxNewPerClient: 1 });
  expect([await decide('a'), await decide('b')]).toEqual(['new', 'over --max-new-per-client']);
  expect(await decide('c', NOW, '198.51.100.0')).toBe('new');
  expect(await decide('a', NOW + 1)).toBe('early-retry');
  expect(await decide('b', NOW + 3600)).toBe('new');
});
