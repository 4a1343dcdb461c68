/**
 * --profile=smart over shared stores: several greyds answer as one, and in a Cluster nobody is forgotten when the
 * profile is switched.
 */
import { describe, expect, test } from 'vitest';
import { greyctl } from '../support/greyctl.ts';
import { type ProfileDaemon, startProfile } from '../support/profile-daemon.ts';
import { Cluster, RedisServer } from '../support/redis.ts';
import { canRun } from '../support/requirements.ts';
import { entriesOf, openBeside, SHARED_STORE_NEEDS } from './shared-daemons.ts';

const canTest = canRun('profiles on shared stores', SHARED_STORE_NEEDS);

const BIGSOFT = 'outbound.bigsoft.example';
const STORES = [
  ['one server', async () => (await RedisServer.start()).url],
  ['a Cluster', async () => (await Cluster.start(0)).url],
] as const;

const stop = ({ daemon }: ProfileDaemon) => daemon.stop();

describe.skipIf(!canTest).each(STORES)('on %s', (_, startStore) => {
  test('a retry at the other greyd passes, and so does an answer there', async () => {
    const store = `--store=${await startStore()}`;
    const [one, other] = [await startProfile([store]), await startProfile([store])];
    expect(await one.ask(0, '203.0.113.51', `a.${BIGSOFT}`, 'x@firm.example')).toBe('greylist, new');
    expect(await other.ask(59, '203.0.113.51', `a.${BIGSOFT}`, 'x@firm.example')).toBe(
      'greylist, early-retry (1s missing)',
    );
    expect(await other.ask(61, '198.51.100.3', `b.${BIGSOFT}`, 'x@firm.example')).toBe(
      'pass, triplet found, delay=61',
    );
    expect(await one.ask(62, '192.0.2.3', `c.${BIGSOFT}`, 'x@firm.example')).toBe('pass, triplet found');
    const out = { policy_context: 'outgoing', sasl_username: 'u', recipient: 'friend@firm.example' };
    expect(await one.ask(70, '192.0.2.9', 'pc.ours.example', 'u@ours.example', out)).toBe(
      'outgoing, recorded',
    );
    expect(await other.ask(71, '198.51.100.1', 'gate.firm.example', 'friend@firm.example')).toBe(
      'pass, correspondent',
    );
  });
});

describe.skipIf(!canTest)('in a Cluster', () => {
  const MAIL = ['192.0.2.1', 'mx.single.example', 's@firm.example'] as const;

  test('no first contact is repeated when the profile is switched on, off and on', async () => {
    const url = (await Cluster.start(0)).url;
    const store = `--store=${url}`;
    const before = await startProfile(['--profile=postgrey', store]);
    expect(await before.ask(0, ...MAIL)).toBe('greylist, new');
    await stop(before);
    const smart = await startProfile([store]);
    expect(await smart.ask(59, ...MAIL)).toBe('greylist, early-retry (1s missing)');
    expect(await smart.ask(60, ...MAIL)).toBe('pass, triplet found, delay=60');
    await stop(smart);
    const after = await startProfile(['--profile=postgrey', store]);
    expect(await after.ask(70, ...MAIL)).toBe('pass, triplet found');
    await stop(after);
    const again = await startProfile([store]);
    expect(await again.ask(80, ...MAIL)).toBe('pass, triplet found');
    const beside = await openBeside(url);
    const triplets = await entriesOf(beside, 'triplet');
    expect(triplets.map(([key]) => 'clientNetwork' in key && key.clientNetwork).sort()).toEqual([
      '192.0.2.0',
      '@single.example',
    ]);
  });

  test('what stands where it stood before the profile is listed, and forgotten for good', async () => {
    const url = (await Cluster.start(0)).url;
    const store = `--store=${url}`;
    const before = await startProfile(['--profile=postgrey', store]);
    await before.ask(0, ...MAIL);
    await stop(before);
    const smart = await startProfile([store]);
    const beside = await openBeside(url);
    expect(await entriesOf(beside, 'triplet')).toHaveLength(1);
    const forget = await greyctl(['forget', '--defaults=/dev/null', store, 'recipient=u@ours.example']);
    expect(forget.stderr).toContain('1 record forgotten');
    expect(await entriesOf(beside, 'triplet')).toEqual([]);
    expect(await smart.ask(300, ...MAIL)).toBe('greylist, new');
  });
});
