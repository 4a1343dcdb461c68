/**
 * --profile=smart through the real daemon: whose mail waits, and how long.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ANY_WINDOW, type ClientKey, windowKeys } from '../../src/greylist/keys.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { startProfile, T } from '../support/profile-daemon.ts';

const HOUR = 3600;

/** The key of a window: 0 of the recipient alone, 1 of its domain. */
function windowOf(recipient: string, which: 0 | 1): ClientKey {
  const keys = windowKeys(recipient);
  if (keys === undefined) throw new Error('no address');
  return keys[which];
}

const BIGSOFT = 'outbound.protection.bigsoft.example';
const FARM_AWL = 'pass, farm AWL';

describe('hosts of one domain share a wait', () => {
  test('a pool that retries from other networks passes at its second try', async () => {
    const { ask } = await startProfile();
    const x = 'x@firm.example';
    expect(await ask(0, '203.0.113.51', `mail-a.${BIGSOFT}`, x)).toBe('greylist, new');
    expect(await ask(59, '203.0.113.51', `mail-a.${BIGSOFT}`, x)).toBe('greylist, early-retry (1s missing)');
    expect(await ask(900, '198.51.100.3', `mail-b.${BIGSOFT}`, x)).toBe('pass, triplet found, delay=900');
    expect(await ask(960, '192.0.2.2', `mail-c.${BIGSOFT}`, x)).toBe('pass, triplet found');
  });

  test('senders that are new for each message', async () => {
    const { ask } = await startProfile();
    const [a, b] = ['a113-10.smtp-out.eu.ses.example', 'a100-17.smtp-out.eu.ses.example'];
    expect(await ask(1000, '203.0.113.10', a, '0102ab-1@eu.ses.example')).toBe('greylist, new');
    expect(await ask(1148, '198.51.100.17', b, '0103cd-2@eu.ses.example')).toBe(
      'pass, triplet found, delay=148',
    );
  });

  test('suspects share nothing', async () => {
    const { ask } = await startProfile();
    const y = 'y@z.example';
    expect(await ask(2000, '198.51.100.7', 'dsl-198-51-100-7.isp.example', y)).toBe('greylist, new');
    expect(await ask(2400, '203.0.113.9', 'dsl-203-0-113-9.isp.example', y)).toBe('greylist, new');
    expect(await ask(2299, '198.51.100.7', 'dsl-198-51-100-7.isp.example', y)).toBe(
      'greylist, early-retry (1s missing)',
    );
    expect(await ask(2300, '198.51.100.7', 'dsl-198-51-100-7.isp.example', y)).toBe(
      'pass, triplet found, delay=300',
    );
  });

  test('a farm passes after successes in three different hours', async () => {
    const { ask, daemon } = await startProfile();
    const visit = async (at: number, number: number) => {
      const sender = `s${number}@firm${number}.example`;
      await ask(at, '203.0.113.51', `mail-a.${BIGSOFT}`, sender);
      return ask(at + 61, `198.51.${number}.3`, `mail-b.${BIGSOFT}`, sender);
    };
    expect(await visit(0, 1)).toBe('pass, triplet found, delay=61');
    // In the same hour it does not count.
    for (const number of [2, 3, 4, 5]) expect(await visit(number, number)).toMatch(/^pass, triplet found/);
    expect(await visit(HOUR + 100, 6)).toMatch(/^pass, triplet found/);
    expect(await ask(HOUR + 200, '192.0.2.9', `mail-z.${BIGSOFT}`, 'a@anybody.example')).toBe(
      'greylist, new',
    );
    expect(await visit(2 * HOUR + 300, 7)).toMatch(/^pass, triplet found/);
    expect(daemon.log).toContain(`whitelisted farm of: mail-b.${BIGSOFT}[198.51.7.3]`);
    expect(await ask(2 * HOUR + 400, '192.0.2.9', `mail-z.${BIGSOFT}`, 'b@anybody.example')).toBe(FARM_AWL);
    expect(await ask(2 * HOUR + 400, '192.0.2.9', 'mail-z.other.bigsoft.example', 'b@anybody.example')).toBe(
      'greylist, new',
    );
  });

  test('a farm whose waits mostly never end does not pass', async () => {
    const { ask } = await startProfile();
    for (let hour = 0; hour < 7; hour += 1)
      await ask(hour * HOUR + 100 * hour, '203.0.113.51', `mail-a.${BIGSOFT}`, `lost@bot${hour}.example`);
    for (let hour = 7; hour < 10; hour += 1) {
      const at = hour * HOUR + 100 * hour;
      await ask(at, '203.0.113.51', `mail-a.${BIGSOFT}`, `kept@firm${hour}.example`);
      await ask(at + 61, '203.0.113.51', `mail-a.${BIGSOFT}`, `kept@firm${hour}.example`);
    }
    // 3 hours with a success, of 10 in which a wait began.
    expect(await ask(11 * HOUR, '203.0.114.51', `mail-q.${BIGSOFT}`, 'a@anybody.example')).toBe(
      'greylist, new',
    );
  });

  test('--auto-whitelist-clients=0: no farms either', async () => {
    const { ask } = await startProfile(['--auto-whitelist-clients=0']);
    for (let hour = 0; hour < 5; hour += 1) {
      await ask(hour * HOUR * 2, '203.0.113.51', `mail-a.${BIGSOFT}`, `s@firm${hour}.example`);
      await ask(hour * HOUR * 2 + 61, '203.0.113.51', `mail-a.${BIGSOFT}`, `s@firm${hour}.example`);
    }
    expect(await ask(20 * HOUR, '203.0.113.51', `mail-a.${BIGSOFT}`, 'a@anybody.example')).toBe(
      'greylist, new',
    );
  });
});

describe('one host in several forms', () => {
  const MX = 'mx.host.example';
  const S = 's@firm.example';

  test('IPv4, then IPv6', async () => {
    const { ask } = await startProfile();
    expect(await ask(0, '192.0.2.1', MX, S)).toBe('greylist, new');
    expect(await ask(60, '2001:db8::1', MX, S)).toBe('pass, triplet found, delay=60');
  });

  test('without a name at the retry its triplet has the wait of the first try', async () => {
    const { ask } = await startProfile();
    expect(await ask(0, '192.0.2.1', MX, S)).toBe('greylist, new');
    expect(await ask(100, '198.51.100.1', MX, 'other@firm.example')).toBe('greylist, new');
    expect(await ask(30, '198.51.100.1', MX, S)).toBe('greylist, early-retry (30s missing)');
    expect(await ask(100, '198.51.100.1', 'unknown', S)).toBe('greylist, early-retry (200s missing)');
    expect(await ask(300, '198.51.100.1', 'unknown', S)).toBe('pass, triplet found, delay=300');
  });

  test('upper case, a dot at the end', async () => {
    const { ask } = await startProfile();
    expect(await ask(0, '192.0.2.1', 'MX.Host.Example.', S)).toBe('greylist, new');
    expect(await ask(60, '198.51.100.1', MX, S)).toBe('pass, triplet found, delay=60');
  });

  test('a public suffix is a suspect', async () => {
    const { ask } = await startProfile();
    expect(await ask(0, '192.0.2.1', 'co.uk', S)).toBe('greylist, new');
    expect(await ask(60, '198.51.100.1', 'co.uk', S)).toBe('greylist, new');
    expect(await ask(299, '192.0.2.1', 'co.uk', S)).toBe('greylist, early-retry (1s missing)');
  });

  test('an internationalized name, either way', async () => {
    const { ask } = await startProfile();
    expect(await ask(0, '192.0.2.1', 'mail.müller.example', S)).toBe('greylist, new');
    expect(await ask(60, '198.51.100.1', 'mail2.xn--mller-kva.example', S)).toBe(
      'pass, triplet found, delay=60',
    );
  });

  test('a forwarder that rewrites the sender each day has one wait', async () => {
    const { ask } = await startProfile();
    const srs = (mark: string) => `SRS0=${mark}=firm.example=s@forwarder.example`;
    expect(await ask(0, '192.0.2.1', MX, srs('AbCd=TT'))).toBe('greylist, new');
    expect(await ask(86_400, '198.51.100.1', MX, srs('EfGh=UU'))).toBe('pass, triplet found, delay=86400');
    expect(await ask(3 * 86_400, '203.0.113.1', MX, srs('IjKl=VV'))).toBe('pass, triplet found');
  });
});

describe('what has passed stays passed', () => {
  const [NAME, S] = [`mail-a.${BIGSOFT}`, 's@firm.example'];

  test('when the profile is switched off, and on again', async () => {
    const dbdir = temporaryDirectory();
    const smart = await startProfile([], { dbdir });
    expect(await smart.ask(0, '192.0.2.1', NAME, S)).toBe('greylist, new');
    expect(await smart.ask(61, '198.51.100.1', NAME, S)).toMatch(/^pass/);
    await smart.daemon.stop();
    const postgrey = await startProfile(['--profile=postgrey'], { dbdir });
    expect(await postgrey.ask(120, '198.51.100.1', NAME, S)).toBe('pass, triplet found');
    await postgrey.daemon.stop();
    const again = await startProfile([], { dbdir });
    expect(await again.ask(180, '203.0.113.1', NAME, S)).toBe('pass, triplet found');
  });

  test('a longer --named-delay makes no pool wait that has passed', async () => {
    const dbdir = temporaryDirectory();
    const smart = await startProfile([], { dbdir });
    expect(await smart.ask(0, '192.0.2.1', NAME, S)).toBe('greylist, new');
    expect(await smart.ask(60, '198.51.100.1', NAME, S)).toMatch(/^pass/);
    await smart.daemon.stop();
    const longer = await startProfile(['--named-delay=300'], { dbdir });
    expect(await longer.ask(100, '203.0.113.1', NAME, S)).toBe('pass, triplet found');
  });

  test('when the clock is set back; a wait starts again', async () => {
    const { ask } = await startProfile();
    await ask(10_000, '192.0.2.1', NAME, S);
    expect(await ask(10_060, '192.0.2.1', NAME, S)).toMatch(/^pass/);
    expect(await ask(10, '192.0.2.1', NAME, S)).toBe('pass, triplet found');
    await ask(10_000, '192.0.2.1', NAME, 'waits@firm.example');
    expect(await ask(100, '192.0.2.1', NAME, 'waits@firm.example')).toBe('greylist, new');
    expect(await ask(160, '192.0.2.1', NAME, 'waits@firm.example')).toBe('pass, triplet found, delay=60');
  });
});

describe('people who know each other', () => {
  const OUT = { policy_context: 'outgoing', sasl_username: 'u', sender: 'u@ours.example' };

  test('the answer to a mail of ours passes, to nobody else, and not to a suspect', async () => {
    const { ask } = await startProfile();
    const friend = 'friend@firm.example';
    expect(
      await ask(0, '192.0.2.9', 'pc.ours.example', '', { ...OUT, recipient: 'Friend@Firm.example' }),
    ).toBe('outgoing, recorded');
    expect(await ask(9, '192.0.2.9', 'pc.ours.example', '', { ...OUT, recipient: friend })).toBe(
      'outgoing, known',
    );
    expect(await ask(10, '198.51.100.1', 'gate.firm.example', friend)).toBe('pass, correspondent');
    expect(await ask(10, '198.51.100.1', 'unknown', friend)).toBe('greylist, new');
    expect(
      await ask(10, '198.51.100.2', 'gate.firm.example', friend, { recipient: 'other@ours.example' }),
    ).toBe('greylist, new');
    expect(await ask(40 * 86_400, '198.51.100.9', 'gate.firm.example', friend)).toBe('greylist, new');
  });

  test('who has waited once stays known while mail passes without a wait', async () => {
    const { ask } = await startProfile();
    const friend = 'friend@firm.example';
    expect(await ask(0, '198.51.100.1', 'gate.firm.example', friend)).toBe('greylist, new');
    expect(await ask(60, '198.51.100.1', 'gate.firm.example', friend)).toMatch(/^pass, triplet found/);
    await ask(100, '192.0.2.9', 'pc.ours.example', '', { ...OUT, recipient: friend });
    expect(await ask(30 * 86_400, '198.51.100.1', 'gate.firm.example', friend)).toBe('pass, correspondent');
    expect(await ask(40 * 86_400, '198.51.100.1', 'unknown', friend)).toBe('pass, triplet found');
    expect(await ask(40 * 86_400, '203.0.113.1', 'venus.firm.example', friend)).toBe('pass, triplet found');
  });

  test('a bounce or a callout passes for five days', async () => {
    const { ask } = await startProfile();
    await ask(0, '192.0.2.9', 'pc.ours.example', '', { ...OUT, recipient: 'friend@firm.example' });
    expect(await ask(5 * 86_400, '198.51.100.1', 'gate.firm.example', '')).toBe('pass, correspondent');
    expect(await ask(5 * 86_400 + 1, '198.51.100.1', 'gate.firm.example', '')).toBe('greylist, new');
  });

  test('nothing is learnt without a login, or with the null sender', async () => {
    const { ask } = await startProfile();
    const to = { recipient: 'friend@firm.example' };
    expect(await ask(0, '192.0.2.9', 'x.example', '', { ...OUT, ...to, sasl_username: '' })).toBe(
      'outgoing, not authenticated',
    );
    expect(await ask(0, '192.0.2.9', 'x.example', '', { ...OUT, ...to, sender: '' })).toBe(
      'outgoing, not authenticated',
    );
    expect(await ask(10, '198.51.100.1', 'gate.firm.example', 'friend@firm.example')).toBe('greylist, new');
  });

  test('our own mail is never greylisted, whatever the profile: it may be switched off before main.cf is changed', async () => {
    const { ask } = await startProfile(['--profile=postgrey']);
    const to = { ...OUT, recipient: 'friend@firm.example' };
    expect(await ask(0, '192.0.2.9', 'x.example', '', to)).toBe('outgoing, recorded');
    expect(await ask(0, '192.0.2.9', 'x.example', '', { ...to, sasl_username: '' })).toBe(
      'outgoing, not authenticated',
    );
  });

  test('an own network needs no login', async () => {
    const { ask } = await startProfile(['--outgoing-networks=192.0.2.0/24,2001:db8::/32']);
    const to = { ...OUT, sasl_username: '', recipient: 'friend@firm.example' };
    expect(await ask(0, '198.51.100.9', 'x.example', '', to)).toBe('outgoing, not authenticated');
    expect(await ask(0, '2001:db8::9', 'x.example', '', to)).toBe('outgoing, recorded');
    expect(await ask(10, '198.51.100.1', 'gate.firm.example', 'friend@firm.example')).toBe(
      'pass, correspondent',
    );
  });

  test('who has logged in passes', async () => {
    const { ask } = await startProfile();
    expect(await ask(0, '192.0.2.9', 'unknown', 'u@ours.example', { sasl_username: 'u' })).toBe(
      'pass, authenticated',
    );
    const { ask: postgrey } = await startProfile(['--profile=postgrey']);
    expect(await postgrey(0, '192.0.2.9', 'unknown', 'u@ours.example', { sasl_username: 'u' })).toBe(
      'greylist, new',
    );
  });
});

test('while a window is open for a recipient, or for all of its domain, mail passes to it', async () => {
  const { daemon: first, dbdir } = await startProfile();
  await first.stop();
  const store = openSqliteStore(dbdir, { privacy: undefined, hash: () => '' });
  const until = { count: 0, last: T + 600 };
  const keys = [ANY_WINDOW, windowOf('Code@Ours.example', 0), windowOf('any@open.example', 1)] as const;
  await store.update(keys, () => ({ save: [until, until, until], result: undefined }));
  await store.close();
  const { ask } = await startProfile([], { dbdir });
  const to = (recipient: string) => ({ recipient });
  await expect
    .poll(() => ask(0, '192.0.2.1', 'unknown', 's@x.example', to('code@ours.example')))
    .toBe('pass, expected');
  expect(await ask(0, '192.0.2.1', 'unknown', 's@x.example', to('other@ours.example'))).toBe('greylist, new');
  expect(await ask(0, '192.0.2.1', 'unknown', 's@x.example', to('b@open.example'))).toBe('pass, expected');
  expect(await ask(600, '192.0.2.1', 'unknown', 's2@x.example', to('code@ours.example'))).toBe(
    'pass, expected',
  );
  expect(await ask(601, '192.0.2.1', 'unknown', 's2@x.example', to('code@ours.example'))).toBe(
    'greylist, new',
  );
});

test('--privacy: the same answers, also when it is switched on later, and no name or address on the disk', async () => {
  const [NAME, S] = [`mail-a.${BIGSOFT}`, 's@firm.example'];
  const plain = await startProfile();
  expect(await plain.ask(0, '192.0.2.1', NAME, S)).toBe('greylist, new');
  const out = { policy_context: 'outgoing', sasl_username: 'u', recipient: 'friend@firm.example' };
  await plain.ask(0, '192.0.2.9', 'pc.ours.example', 'u@ours.example', out);
  await plain.daemon.stop();
  const { daemon, dbdir } = await startProfile(['--privacy', '--log-format=json'], { dbdir: plain.dbdir });
  const ask = async (at: number, client_address: string, client_name: string, sender: string) =>
    daemon.ask({
      client_address,
      client_name,
      sender,
      recipient: 'u@ours.example',
      policy_test_time: T + at,
    });
  expect(await ask(60, '198.51.100.1', `mail-b.${BIGSOFT}`, S)).toMatch(/^PREPEND X-Greylist: delayed 60 /);
  expect(await ask(61, '203.0.113.1', `mail-c.${BIGSOFT}`, S)).toBe('DUNNO');
  expect(await ask(70, '198.51.100.7', 'gate.firm.example', 'friend@firm.example')).toBe('DUNNO');
  expect(await ask(70, '198.51.100.7', 'gate.firm.example', 'stranger@firm.example')).toMatch(/^DEFER/);
  await daemon.stop();
  const files = readdirSync(dbdir).filter((name) => name.startsWith('greyd.db'));
  const bytes = files.map((name) => readFileSync(join(dbdir, name), 'latin1')).join('');
  expect(bytes).not.toMatch(/bigsoft|firm\.example|ours\.example/);
});

test('--profile=suspects: whoever is none passes at once, and nothing is stored', async () => {
  const { ask } = await startProfile(['--profile=suspects']);
  expect(await ask(0, '192.0.2.1', 'mx.host.example', 's@firm.example')).toBe('pass, named host');
  expect(await ask(0, '192.0.2.1', 'unknown', 's@firm.example')).toBe('greylist, new');
  expect(await ask(300, '192.0.2.1', 'unknown', 's@firm.example')).toBe('pass, triplet found, delay=300');
});

describe('lists', () => {
  const file = (name: string, text: string) => {
    const path = join(temporaryDirectory(), name);
    writeFileSync(path, text);
    return path;
  };

  test('--whitelist-senders counts for whoever is no suspect, or with a !', async () => {
    const list = file('senders', 'friend@firm.example\nshop.example !\n');
    const { ask } = await startProfile([`--whitelist-senders=${list}`]);
    expect(await ask(0, '192.0.2.1', 'gate.isp.example', 'friend@firm.example')).toBe(
      'pass, sender whitelist',
    );
    expect(await ask(0, '192.0.2.1', 'unknown', 'friend@firm.example')).toBe('greylist, new');
    expect(await ask(0, '192.0.2.1', 'unknown', 'a@shop.example')).toBe('pass, sender whitelist');
  });

  test('--greylist-clients: never auto-whitelisted, always a suspect', async () => {
    const list = file('greylisted', 'bulk.example\n');
    const { ask } = await startProfile([`--greylist-clients=${list}`, '--auto-whitelist-clients=1']);
    const [name, s] = ['mx1.bulk.example', 's@firm.example'];
    expect(await ask(0, '192.0.2.1', name, s)).toBe('greylist, new');
    expect(await ask(100, '198.51.100.1', 'mx2.bulk.example', s)).toBe('greylist, new');
    expect(await ask(300, '192.0.2.1', name, s)).toBe('pass, triplet found, delay=300');
    expect(await ask(400, '192.0.2.1', name, 'other@firm.example')).toBe('greylist, new');
  });

  test('--recipient-policies: the first line that matches counts, and a reload applies a change', async () => {
    const list = file(
      'policies',
      'vip@ours.example off\nours.example smart delay=120\nold.example postgrey delay=30\n/./ suspects\n',
    );
    const { ask, daemon } = await startProfile(['--profile=postgrey', `--recipient-policies=${list}`]);
    const to = (recipient: string) => ({ recipient });
    const [name, s] = ['mx.host.example', 's@firm.example'];
    expect(await ask(0, '192.0.2.1', name, s, to('vip@ours.example'))).toBe('pass, recipient policy');
    expect(await ask(0, '192.0.2.1', 'unknown', s, to('a@ours.example'))).toBe('greylist, new');
    expect(await ask(119, '192.0.2.1', 'unknown', s, to('a@ours.example'))).toBe(
      'greylist, early-retry (1s missing)',
    );
    expect(await ask(0, '192.0.2.1', name, s, to('a@old.example'))).toBe('greylist, new');
    expect(await ask(30, '192.0.2.1', name, s, to('a@old.example'))).toBe('pass, triplet found, delay=30');
    expect(await ask(60, '198.51.100.1', name, s, to('a@old.example'))).toBe('greylist, new');
    expect(await ask(0, '192.0.2.1', name, s, to('a@else.example'))).toBe('pass, named host');
    writeFileSync(list, 'vip@ours.example postgrey\n');
    const from = daemon.log.length;
    daemon.kill('SIGHUP');
    await daemon.logged(/reloading/, from);
    await expect.poll(() => ask(0, '192.0.2.1', name, s, to('vip@ours.example'))).toBe('greylist, new');
  });

  test('a policy with a delay that no retry outlasts is refused', async () => {
    const list = file(
      'policies',
      'a@ours.example smart delay=7200\nb@ours.example smart delay=60 now\nc@ours.example',
    );
    const { daemon } = await startProfile(['--retry-window=1h', `--recipient-policies=${list}`]);
    expect(daemon.log).toContain(
      'line 1: skipped a@ours.example smart delay=7200: expected delay=SECONDS, from 1 to 3599',
    );
    expect(daemon.log).toContain(
      'line 2: skipped b@ours.example smart delay=60 now: expected PATTERN off|postgrey|',
    );
    expect(daemon.log).toContain('line 3: skipped c@ours.example: expected PATTERN');
  });
});

test('a Postfix that looks no names up: one warning', async () => {
  const { daemon } = await startProfile(['--quiet']);
  const client = await daemon.connect();
  for (let number = 0; number < 1200; number += 1) {
    await client.ask({
      client_address: '192.0.2.1',
      client_name: 'unknown',
      sender: `s${number % 50}@x.example`,
      recipient: 'u@ours.example',
    });
  }
  client.close();
  const warnings = daemon.logLines.filter((line) => line.includes('had no confirmed host name'));
  expect(warnings).toHaveLength(1);
});
