/**
 * A primary that is killed under load: no mail waits longer than --store-timeout and a moment, none is
 * deferred and then forgotten, and greylisting works again soon after another one was promoted.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { MailFlow, notIn } from '../support/mail-flow.ts';
import { Cluster, Sentinels, until } from '../support/redis.ts';
import { canRun } from '../support/requirements.ts';
import { entriesOf, openBeside, SHARED_STORE_NEEDS, startDaemon } from './shared-daemons.ts';

const canTest = canRun('failover', SHARED_STORE_NEEDS);

const OPTIONS = ['--quiet', '--store-timeout=1'];
/** Deferred mail must be known to the replica that is promoted. */
const WITH_REPLICA = [...OPTIONS, '--store-replicas=1'];
/** The time-out, and 100 ms. */
const SLOWEST_MS = 1100;
/** Maximum time from the promotion until mail is deferred again. */
const BACK_WITHIN_MS = 5000;
const MAILS = 500;
const CONNECTIONS = 16;

/** The way in which a primary fails. */
const FAULTS = [
  ['is killed', 'SIGKILL'],
  ['stands still', 'SIGSTOP'],
] as const;

interface Failover {
  readonly name: string;
  readonly url: string;
  readonly daemon: Daemon;
  readonly kill: () => void;
  /** Tells whether another one was promoted. */
  readonly isPromoted: () => boolean;
}

/** Networks all over the slots of a Cluster. */
const addressOf = (mail: number) => ({ client_address: `${1 + (mail % 199)}.${mail % 251}.2.1` });

async function goThrough({ name, url, daemon, kill, isPromoted }: Failover): Promise<void> {
  const flow = new MailFlow(daemon, CONNECTIONS, addressOf);
  await flow.moreDeferred(MAILS);
  expect(flow.passed).toBe(0);

  flow.restart();
  kill();
  const killedAt = performance.now();
  await until(isPromoted);
  const promotedAt = performance.now();
  await daemon.logged(/store works again/);
  const backAt = performance.now();
  await pause(promotedAt + BACK_WITHIN_MS - performance.now());
  const { passed } = flow;
  await flow.moreDeferred(MAILS);
  await flow.stop();

  expect(flow.passed).toBe(passed);
  expect(backAt - promotedAt).toBeLessThan(BACK_WITHIN_MS);
  expect(flow.slowestMs).toBeLessThan(SLOWEST_MS);
  const entries = await entriesOf(await openBeside(url), 'triplet');
  const firstSeen = new Map(
    entries.flatMap(([key, record]): [string, number][] =>
      'sender' in key && 'first' in record ? [[key.sender, record.first]] : [],
    ),
  );
  const lost = notIn(firstSeen, flow.deferred);
  expect([lost.length, lost.slice(0, 3)]).toEqual([0, []]);
  console.info(
    `${name}: ${flow.deferred.size} mails deferred, 0 forgotten; ${passed} passed; slowest answer ${flow.slowestMs.toFixed(0)} ms; promoted after ${(promotedAt - killedAt).toFixed(0)} ms, back ${(backAt - promotedAt).toFixed(0)} ms later`,
  );
}

describe.skipIf(!canTest)('with Sentinels', () => {
  test.each(FAULTS)('a primary that %s', async (what, signal) => {
    const servers = await Sentinels.start(2);
    const daemon = await startDaemon(servers.url, ...WITH_REPLICA);
    const first = servers.primary;
    await goThrough({
      name: `Sentinels, a primary that ${what}`,
      url: servers.url,
      daemon,
      kill: () => first?.signal(signal),
      isPromoted: () => servers.primary !== undefined && servers.primary !== first,
    });
  });
});

test.skipIf(!canTest)('a Sentinel that is dead and one that stands still hold nothing up', async () => {
  const servers = await Sentinels.start(1);
  const [dead, still] = servers.sentinels;
  await dead?.kill();
  still?.signal('SIGSTOP');
  const daemon = await startDaemon(servers.url, ...OPTIONS);
  expect(await daemon.ask()).toMatch(/^DEFER/);
  expect(daemon.logLines).toEqual([expect.stringMatching(/listening on/)]);
});

describe.skipIf(!canTest)('a Cluster', () => {
  test.each(FAULTS)('of which a primary %s', async (what, signal) => {
    const cluster = await Cluster.start(2);
    const daemon = await startDaemon(cluster.url, ...WITH_REPLICA);
    const { primaries } = cluster;
    const [first] = primaries;
    const others = cluster.servers.filter((server) => !primaries.includes(server));
    await goThrough({
      name: `Cluster, a primary that ${what}`,
      url: cluster.url,
      daemon,
      kill: () => first?.signal(signal),
      isPromoted: () => others.some(({ isPrimary }) => isPrimary),
    });
  });
});
