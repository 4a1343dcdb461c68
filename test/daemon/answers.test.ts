/**
 * Answers and log lines of the running daemon, request by request, with the clock in the test's hand.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { requestText } from '../support/policy-client.ts';

const T = 1_700_000_000;
const HOUR = 3600;
const DAY = 24 * HOUR;
const GREYLISTED =
  'DEFER_IF_PERMIT 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/example.org.html';
const ADDRESSES =
  'client_name=mail.example.net, client_address=192.0.2.1, sender=alice@example.net, recipient=bob@example.org';

const at = (time: number, changes = {}) => ({ policy_test_time: time, ...changes });

/** A daemon whose clock is policy_test_time, with one whitelist line each if given. */
async function startTimed(
  args: readonly string[] = [],
  whitelists: { clients?: string; recipients?: string } = {},
): Promise<Daemon> {
  const folder = temporaryDirectory();
  const files = Object.entries(whitelists).map(([kind, text]) => {
    writeFileSync(join(folder, kind), text);
    return `--whitelist-${kind}=${join(folder, kind)}`;
  });
  return Daemon.start(['--allow-test-time', ...files, ...args]);
}

describe('a mail on its way', () => {
  test('is deferred, deferred again, passes with a header, and then passes without', async () => {
    const daemon = await startTimed(['--hostname=mx.example.org']);
    expect(await daemon.ask(at(T))).toBe(GREYLISTED);
    expect(await daemon.ask(at(T + 243))).toBe(GREYLISTED);
    expect(await daemon.ask(at(T + 301))).toMatch(
      /^PREPEND X-Greylist: delayed 301 seconds by greyd-\d+\.\d+\.\d+ at mx\.example\.org; Tue, 14 Nov 2023 \d\d:\d\d:21 \S+$/,
    );
    expect(await daemon.ask(at(T + 302, { instance: 'another' }))).toBe('DUNNO');
    await daemon.stop();
    expect(daemon.logLines.slice(1, -1)).toEqual([
      `action=greylist, reason=new, ${ADDRESSES}`,
      `action=greylist, reason=early-retry (57s missing), ${ADDRESSES}`,
      `action=pass, reason=triplet found, delay=301, ${ADDRESSES}`,
      `action=pass, reason=triplet found, ${ADDRESSES}`,
    ]);
    expect(daemon.logLines.at(-1)).toBe(
      'SIGTERM received: stopping after 4 requests: 1 greylist (new), 1 greylist (early-retry), 2 pass (triplet found)',
    );
  });

  test('to several recipients gets one header', async () => {
    const daemon = await startTimed();
    const recipients = ['bob@example.org', 'carol@example.org', 'dave@example.org'];
    for (const recipient of recipients) await daemon.ask(at(T, { recipient, instance: 'first try' }));
    const actions = [];
    for (const recipient of recipients)
      actions.push(await daemon.ask(at(T + 400, { recipient, instance: 'second try' })));
    expect(actions.map((action) => action.split(' ')[0])).toEqual(['PREPEND', 'DUNNO', 'DUNNO']);
    await daemon.stop();
    expect(daemon.log.match(/delay=400/g)).toHaveLength(1);
  });

  test('without an instance gets a header each time, and without etrn_domain no status code', async () => {
    const daemon = await startTimed(['--greylist-text=later']);
    const exim = { instance: undefined, etrn_domain: undefined };
    expect(await daemon.ask(at(T, { ...exim, recipient: 'a@example.org' }))).toBe('DEFER_IF_PERMIT later');
    await daemon.ask(at(T, { ...exim, recipient: 'b@example.org' }));
    expect(await daemon.ask(at(T + 300, { ...exim, recipient: 'a@example.org' }))).toMatch(/^PREPEND /);
    expect(await daemon.ask(at(T + 300, { ...exim, recipient: 'b@example.org' }))).toMatch(/^PREPEND /);
  });

  test('the queue id stands before the line', async () => {
    const daemon = await startTimed();
    await daemon.ask(at(T, { queue_id: '4F1A2B' }));
    await daemon.logged(/^4F1A2B: action=greylist, reason=new, client_name/m);
  });

  test('of the null sender, from IPv6, and of an address in UTF-8 is greylisted like any other', async () => {
    const daemon = await startTimed(['-v']);
    const mail = {
      client_address: '2001:DB8::1',
      client_name: '',
      sender: '',
      recipient: 'jürgen@example.org',
    };
    expect(await daemon.ask(at(T, mail))).toBe(GREYLISTED);
    expect(await daemon.ask(at(T + 300, { ...mail, client_address: '2001:db8:0:0:ffff::2' }))).toMatch(
      /^PREPEND /,
    );
    await daemon.logged(
      /^action=greylist, reason=new, client_address=2001:DB8::1, recipient=jürgen@example\.org$/m,
    );
  });
});

describe('whitelists', () => {
  const RECIPIENT_AS_ACE = { recipient: 'bob@mx.XN--mller-kva.example' };
  const RECIPIENT_AS_WRITTEN = { recipient: 'B+x@MÜLLER.example' };
  const CLIENT_AS_ACE = { client_name: 'mail.xn--mller-kva.example' };

  test.each([
    ['a client name', { clients: 'example.net' }, {}, 'client whitelist'],
    ['a client address', { clients: '192.0.2.0/24' }, {}, 'client whitelist'],
    ['an IPv6 network', { clients: '2001:db8::/32' }, { client_address: '2001:db8::1' }, 'client whitelist'],
    ['a recipient', { recipients: 'bob@' }, {}, 'recipient whitelist'],
    [
      'a recipient in its own letters',
      { recipients: 'müller.example' },
      RECIPIENT_AS_ACE,
      'recipient whitelist',
    ],
    [
      'one as A-labels',
      { recipients: 'b@xn--mller-kva.example' },
      RECIPIENT_AS_WRITTEN,
      'recipient whitelist',
    ],
    ['a name in its own letters', { clients: 'Müller.example' }, CLIENT_AS_ACE, 'client whitelist'],
    ['client before recipient', { clients: 'example.net', recipients: 'bob@' }, {}, 'client whitelist'],
  ])('%s', async (_, whitelists, changes, reason) => {
    const daemon = await startTimed([], whitelists);
    expect(await daemon.ask(at(T, changes))).toBe('DUNNO');
    await daemon.logged(new RegExp(`^action=pass, reason=${reason}, client_name=mail`, 'm'));
  });

  test('tell of a line that can match nothing, and what to write', async () => {
    const daemon = await startTimed([], { clients: '# ours\n198.51.100.8-198.51.100.11\n' });
    await daemon.logged(
      /clients line 2: skipped 198\.51\.100\.8-198\.51\.100\.11: .*: write 198\.51\.100\.8\/30$/m,
    );
  });

  test('are kept at a SIGHUP that would leave none of their lines', async () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'clients');
    writeFileSync(path, 'example.net\n');
    const daemon = await Daemon.start([`--whitelist-clients=${path}`]);
    expect(await daemon.ask()).toBe('DUNNO');
    writeFileSync(path, '');
    daemon.kill('SIGHUP');
    await daemon.logged(/^the client whitelist stays as it was: its files have no valid line any more/m);
    expect(await daemon.ask()).toBe('DUNNO');
  });

  test('are read again on SIGHUP; lines that are no patterns are told each time', async () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'clients');
    writeFileSync(path, 'other.example\n');
    const daemon = await Daemon.start([`--whitelist-clients=${path}`]);
    expect(await daemon.ask()).toBe(GREYLISTED);
    writeFileSync(path, 'example.net\n/(/\n');
    daemon.kill('SIGHUP');
    await daemon.logged(/^HUP received: reloading whitelists\.\.\.$/m);
    await daemon.logged(/line 2: skipped \/\(\//);
    expect(await daemon.ask()).toBe('DUNNO');
  });
});

describe('the auto-whitelist', () => {
  test('passes a client after five successful retries, an hour apart', async () => {
    const daemon = await startTimed();
    for (let mail = 0; mail < 5; mail += 1) {
      const sender = `sender-${'abcde'[mail]}@example.net`;
      await daemon.ask(at(T + mail * HOUR, { sender }));
      expect(await daemon.ask(at(T + mail * HOUR + 300, { sender, instance: `m${mail}` }))).toMatch(
        /^PREPEND /,
      );
    }
    await daemon.logged(/^whitelisted: mail\.example\.net\[192\.0\.2\.1\]$/m);
    expect(await daemon.ask(at(T + 5 * HOUR, { sender: 'new@example.net' }))).toBe('DUNNO');
    await daemon.logged(/^action=pass, reason=client AWL, /m);
    // The address counts, not its network.
    expect(
      await daemon.ask(at(T + 5 * HOUR, { sender: 'new@example.net', client_address: '192.0.2.2' })),
    ).toBe(GREYLISTED);
  });

  test.each([
    ['--auto-whitelist-clients=1', 'DUNNO'],
    ['--auto-whitelist-clients=0', GREYLISTED],
  ])('%s', async (option, action) => {
    const daemon = await startTimed([option]);
    await daemon.ask(at(T));
    await daemon.ask(at(T + 300));
    expect(await daemon.ask(at(T + 301, { sender: 'new@example.net' }))).toBe(action);
    expect(daemon.log.includes('whitelisted: ')).toBe(option.endsWith('1'));
  });
});

describe('options that change answers', () => {
  test('--delay=60 --max-age=10', async () => {
    const daemon = await startTimed(['--delay=60', '--max-age=10']);
    await daemon.ask(at(T));
    expect(await daemon.ask(at(T + 59))).toBe(GREYLISTED);
    expect(await daemon.ask(at(T + 60))).toMatch(/^PREPEND X-Greylist: delayed 60 seconds/);
    expect(await daemon.ask(at(T + 60 + 10 * DAY, { instance: 'x' }))).toBe('DUNNO');
    expect(await daemon.ask(at(T + 60 + 20 * DAY + HOUR))).toBe(GREYLISTED);
  });

  test.each([
    ['--retry-window=1', DAY],
    ['--retry-window=5h', 5 * HOUR],
  ])('%s', async (option, window) => {
    const daemon = await startTimed([option]);
    await daemon.ask(at(T));
    await daemon.ask(at(T, { recipient: 'late@example.org' }));
    expect(await daemon.ask(at(T + window))).toMatch(/^PREPEND /);
    expect(await daemon.ask(at(T + window + 1, { recipient: 'late@example.org' }))).toBe(GREYLISTED);
  });

  test.each([
    [[], [true, false]],
    [['--lookup-by-subnet'], [true, false]],
    [['--lookup-by-host'], [false, false]],
    [
      ['--ipv4cidr=16', '--ipv6cidr=48'],
      [true, true],
    ],
  ])('which addresses are one client: %j', async (options, [neighbour, remote]) => {
    const daemon = await startTimed(options);
    await daemon.ask(at(T, { client_address: '192.0.2.1' }));
    await daemon.ask(at(T, { client_address: '2001:db8:0:1::1' }));
    const isKnown = async (client_address: string) =>
      (await daemon.ask(at(T + 300, { client_address }))) !== GREYLISTED;
    expect([await isKnown('192.0.2.9'), await isKnown('2001:db8:0:1::9')]).toEqual([neighbour, neighbour]);
    expect([await isKnown('192.0.7.1'), await isKnown('2001:db8:0:2::1')]).toEqual([remote, remote]);
  });

  test('--greylist-action, --greylist-text', async () => {
    const daemon = await startTimed(['--greylist-action=451', '--greylist-text=4.7.1 %r: wait %s s']);
    expect(await daemon.ask(at(T))).toBe('451 4.7.1 example.org: wait 300 s');
    expect(await daemon.ask(at(T + 100))).toBe('451 4.7.1 example.org: wait 200 s');
  });

  test('--x-greylist-header, --hostname', async () => {
    const daemon = await startTimed(['--x-greylist-header=X-Delay: %t at %h', '--hostname=mx7']);
    await daemon.ask(at(T));
    expect(await daemon.ask(at(T + 300))).toBe('PREPEND X-Delay: 300 at mx7');
  });

  test('--allow-test-time: without it policy_test_time is ignored', async () => {
    const daemon = await Daemon.start();
    await daemon.ask(at(T));
    expect(await daemon.ask(at(T + 300))).toBe(GREYLISTED);
  });

  test('--exim closes the connection after an answer', async () => {
    const daemon = await startTimed(['--exim']);
    const client = await daemon.connect();
    client.send(requestText(at(T)) + requestText(at(T + 300)));
    expect(await client.reply()).toBe(GREYLISTED);
    expect(await client.reply()).toBeUndefined();
  });
});

describe('options that change the log', () => {
  test('--quiet hides the lines of requests but not warnings', async () => {
    const daemon = await Daemon.start(['--quiet', '--delay=0']);
    await daemon.ask();
    await daemon.ask({ client_address: 'nonsense' });
    await daemon.stop();
    expect(daemon.logLines).toEqual([
      '--delay=0 means the default, 300 seconds',
      expect.stringMatching(/^greyd \S+ listening on /),
      "client_address is no IP address: 'nonsense'",
      expect.stringMatching(/^SIGTERM received: stopping after 2 requests/),
    ]);
  });

  test('--verbose tells which files were read', async () => {
    const daemon = await Daemon.start(['--verbose']);
    await daemon.logged(/^whitelists: 0 client and 0 recipient patterns$/m);
    const plain = await Daemon.start();
    expect(plain.log).not.toContain('whitelists:');
  });

  test('--log-format=json writes one object per line', async () => {
    const daemon = await Daemon.start(['--log-format=json']);
    await daemon.ask({ sender: 'new\x1bline@example.net' });
    await daemon.stop();
    const entries = daemon.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries).toHaveLength(3);
    expect(entries[1]).toMatchObject({
      action: 'greylist',
      reason: 'new',
      sender: 'new\x1bline@example.net',
      msg: expect.stringMatching(/^action=greylist, /),
    });
  });

  test('--privacy shows no address anywhere, and answers the same', async () => {
    const daemon = await startTimed(['--privacy']);
    expect(await daemon.ask(at(T))).toBe(GREYLISTED);
    expect(await daemon.ask(at(T + 300))).toMatch(/^PREPEND /);
    const client = await daemon.connect();
    client.send('alice@example.net\nrequest=alice@example.net\n\n');
    await client.closed();
    await daemon.ask({ client_address: 'host.example.net' });
    await daemon.stop();
    expect(daemon.logLines.slice(1, -1)).toEqual([
      'action=greylist, reason=new, client_address=192.0.2.0, sender=*@example.net, recipient=*@example.org',
      'action=pass, reason=triplet found, delay=300, client_address=192.0.2.0, sender=*@example.net, recipient=*@example.org',
      'ignoring garbage: <17 characters>',
      "unrecognized request type: '17 characters'",
      "client_address is no IP address: '16 characters'",
    ]);
    const stored = readdirSync(daemon.dbdir).map((name) => readFileSync(join(daemon.dbdir, name), 'latin1'));
    expect(stored.join('')).not.toMatch(/alice|example|192\.0/);
  });
});

describe('bad requests are answered DUNNO with a warning', () => {
  test.each([
    [{ client_address: 'unknown' }, "client_address is no IP address: 'unknown'"],
    [{ client_address: '' }, "client_address is no IP address: ''"],
    [{ client_address: undefined }, 'attribute missing: client_address'],
    [{ client_name: undefined }, 'attribute missing: client_name'],
    [{ sender: undefined }, 'attribute missing: sender'],
    [{ recipient: undefined }, 'attribute missing: recipient'],
  ])('%j', async (changes, warning) => {
    const daemon = await Daemon.start();
    expect(await daemon.ask(changes)).toBe('DUNNO');
    await daemon.stop();
    expect(daemon.logLines[1]).toBe(warning);
  });

  test('lines without = are told and skipped', async () => {
    const daemon = await Daemon.start();
    const client = await daemon.connect();
    client.send(`rubbish\x07\n${'x'.repeat(200)}\n${requestText()}`);
    expect(await client.reply()).toBe(GREYLISTED);
    await daemon.stop();
    expect(daemon.logLines.slice(1, 3)).toEqual([
      'ignoring garbage: <rubbish\\u0007>',
      `ignoring garbage: <${'x'.repeat(100)}>`,
    ]);
  });

  test('another type of request closes the connection', async () => {
    const daemon = await Daemon.start();
    const client = await daemon.connect();
    client.send(requestText({ request: 'junk' }) + requestText());
    expect(await client.reply()).toBeUndefined();
    await daemon.logged(/^unrecognized request type: 'junk'$/m);
  });
});
