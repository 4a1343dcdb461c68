/**
 * Shows each difference of the list on both programs, so that the list says nothing that is not so, and
 * holds docs/differences.md to it.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { canRun } from '../support/requirements.ts';
import { START } from './conversation.ts';
import { asMarkdown, DIFFERENCES } from './differences.ts';
import { ask, GREYLISTED, request, startBoth, startsOf, verdict, withBoth } from './directed.ts';
import { CLOSED } from './link.ts';
import { Program } from './program.ts';
import { sha1 } from './records.ts';
import { utf8, wireText } from './request.ts';

const DAY = 86_400;
const DEFAULT_TEXT = 'Greylisted, see http://postgrey.schweikert.ch/help/example.org.html';

/** The results of each program for one request. */
async function answers(settings: Parameters<typeof startBoth>[0], ...requests: Parameters<typeof ask>[2][]) {
  const both = await startBoth(settings);
  return withBoth(async (name) => {
    const all = [];
    for (const changes of requests.length > 0 ? requests : [{}]) all.push(await ask(both[name], 0, changes));
    return all.join('; ');
  });
}

/** Tells whether a request passes with such a line in the whitelist of clients. */
async function passes(pattern: string, changes: Parameters<typeof ask>[2]) {
  const all = await answers({ whitelists: { clients: `${pattern}\n`, recipients: '' } }, changes);
  return { postgrey: all.postgrey === 'DUNNO', greyd: all.greyd === 'DUNNO' };
}

const SHOWN: Readonly<Record<string, () => Promise<void>>> = {
  async 'no IP address'() {
    for (const client_address of ['192.0.2', '192.0.2.01', '[2001:db8::1]', 'localhost']) {
      const { postgrey, greyd } = await answers({}, { client_address });
      expect([client_address, postgrey, greyd]).toEqual([
        client_address,
        `${GREYLISTED} ${DEFAULT_TEXT}`,
        'DUNNO',
      ]);
    }
    const both = await startBoth();
    expect(await withBoth((name) => verdict(both[name], 0, { client_address: 'nonsense' }))).toEqual({
      postgrey: CLOSED,
      greyd: 'DUNNO',
    });
    await both.postgrey.exited;
    expect(await both.greyd.linesUntilNow()).toContain("client_address is no IP address: 'nonsense'");
    const other = await startBoth();
    expect(await withBoth((name) => verdict(other[name], 0, { client_address: 'fe80::1%eth0' }))).toEqual({
      postgrey: CLOSED,
      greyd: GREYLISTED,
    });
  },

  async 'other types'() {
    const both = await startBoth();
    const junk = wireText(request(0, { request: 'junk' }));
    expect(await both.greyd.link().ask(junk)).toBe(CLOSED);
    // The only answer is that to the second request.
    const link = both.postgrey.link();
    expect(await link.ask(junk + wireText(request(0, { recipient: 'second@r.example' })))).toMatch(
      /r\.example/,
    );
    expect((await both.postgrey.linesUntilNow(link)).at(-2)).toBe("unrecognized request type: 'junk'");
  },

  async 'outgoing mail'() {
    expect(await answers({}, { policy_context: 'outgoing' })).toEqual({
      postgrey: `${GREYLISTED} ${DEFAULT_TEXT}`,
      greyd: 'DUNNO',
    });
  },

  async 'carriage returns'() {
    const both = await startBoth();
    const stalled = wireText(request(0, { sender: 'a\rb@example.net' }));
    expect(await both.greyd.link().ask(stalled)).toMatch(/^DEFER/);
    let isAnswered = false;
    void both.postgrey
      .link()
      .ask(stalled + wireText(request(0)))
      .then(() => {
        isAnswered = true;
      });
    // Others are answered meanwhile, again and again.
    for (let second = 0; second < 20; second += 1)
      await ask(both.postgrey, second, { sender: 'other@example.net' });
    expect(isAnswered).toBe(false);
  },

  async 'large requests'() {
    const both = await startBoth();
    const lines = `x=${'y'.repeat(1000)}\n`.repeat(1100);
    expect(await withBoth((name) => both[name].link().ask(lines + wireText(request(0))))).toEqual({
      postgrey: `${GREYLISTED} ${DEFAULT_TEXT}`,
      greyd: 'DUNNO',
    });
  },

  async expiry() {
    const both = await startBoth();
    const all = await withBoth(async (name) => {
      const verdicts = [];
      // The last visit that is noted, and an hour more.
      for (const seconds of [0, 300, 300 + 35 * DAY, 300 + 70 * DAY + 3600])
        verdicts.push(await verdict(both[name], seconds));
      return verdicts;
    });
    expect(all).toEqual({
      postgrey: [GREYLISTED, 'PREPEND', 'DUNNO', 'DUNNO'],
      greyd: [GREYLISTED, 'PREPEND', 'DUNNO', GREYLISTED],
    });
  },

  async 'clients from the future'() {
    const both = await startBoth({ args: ['--auto-whitelist-clients=2'] });
    const all = await withBoth(async (name) => {
      const verdicts = [];
      for (const [seconds, sender] of [
        [DAY, 'a'],
        [DAY + 300, 'a'],
        [0, 'b'],
        [300, 'b'],
        [301, 'c'],
      ] as const)
        verdicts.push(await verdict(both[name], seconds, { sender: `${sender}@example.net` }));
      return verdicts;
    });
    const before = [GREYLISTED, 'PREPEND', GREYLISTED, 'PREPEND'];
    expect(all).toEqual({ postgrey: [...before, GREYLISTED], greyd: [...before, 'DUNNO'] });
  },

  async instances() {
    /** First tries, then second ones with these instances. */
    const second = async (...instances: string[]) => {
      const both = await startBoth({ args: ['--auto-whitelist-clients=0'] });
      return withBoth(async (name) => {
        const verdicts = [];
        const sender = (index: number) => `${'a'.repeat(index + 1)}@example.net`;
        for (const index of instances.keys()) await ask(both[name], 0, { sender: sender(index) });
        for (const [index, instance] of instances.entries())
          verdicts.push(await verdict(both[name], 300, { sender: sender(index), instance }));
        return verdicts;
      });
    };
    const ten = Array.from({ length: 10 }, (_, index) => `other ${index}`);
    const last = ({ postgrey, greyd }: Awaited<ReturnType<typeof second>>) => [postgrey.at(-1), greyd.at(-1)];
    expect(last(await second('x', ...ten.slice(1), 'x'))).toEqual(['DUNNO', 'DUNNO']);
    expect(last(await second('x', ...ten, 'x'))).toEqual(['PREPEND', 'DUNNO']);
    expect(last(await second('', ''))).toEqual(['DUNNO', 'PREPEND']);
    expect(last(await second('0'))).toEqual(['DUNNO', 'PREPEND']);
  },

  async 'test time'() {
    const postgrey = await Program.start('postgrey', { args: [] });
    expect([await verdict(postgrey, 0), await verdict(postgrey, 300)]).toEqual([GREYLISTED, 'PREPEND']);
    const greyd = await Daemon.start();
    await greyd.ask({ policy_test_time: START });
    expect(await greyd.ask({ policy_test_time: START + 300 })).toMatch(/^DEFER/);
  },

  async placeholders() {
    expect(await answers({ args: ['--greylist-text=%s %s %r %r'] })).toEqual({
      postgrey: `${GREYLISTED} 300 %s example.org %r`,
      greyd: `${GREYLISTED} 300 300 example.org example.org`,
    });
  },

  async name() {
    const both = await startBoth();
    const headers = await withBoth(async (name) => {
      await ask(both[name], 0);
      return ask(both[name], 300);
    });
    expect(headers.postgrey).toMatch(/by postgrey-1\.37 at/);
    expect(headers.greyd).toMatch(/by greyd-\d+\.\d+\.\d+ at/);
  },

  async 'control characters in answers'() {
    expect(await answers({ args: ['--greylist-text=%r'] }, { recipient: 'bob@a\tb' })).toEqual({
      postgrey: `${GREYLISTED} a\tb`,
      greyd: `${GREYLISTED} a?b`,
    });
  },

  async 'other bytes'() {
    const both = await startBoth({ args: ['--greylist-text=%r'] });
    const all = await withBoth(async (name) => [
      await ask(both[name], 0, { sender: '\xe9@example.net', recipient: 'bob@\xe9' }),
      await verdict(both[name], 300, { sender: utf8('é@example.net'), recipient: utf8('bob@é') }),
    ]);
    expect(all).toEqual({
      postgrey: [`${GREYLISTED} \xe9`, GREYLISTED],
      greyd: [`${GREYLISTED} ${utf8('é')}`, 'PREPEND'],
    });
  },

  async 'words for numbers'() {
    for (const words of [
      ['--auto-whitelist-clients=foo'],
      ['--listen-queue-size=-1'],
      ['--x-greylist-header=no header'],
      ['--socketmode=rw', '--unix=SOCKET', '--inet=127.0.0.1:PORT'],
    ]) {
      expect([words, await startsOf(...words)]).toEqual([words, { postgrey: 'starts', greyd: 2 }]);
    }
    for (const word of ['--inet=localhost:smtp', '--inet=127.0.0.1:65536']) {
      const greyd = await Program.launch('greyd', { args: [word] });
      expect([word, (await greyd.exited).status]).toEqual([word, 2]);
    }
  },

  async 'senseless values'() {
    for (const words of [
      ['--delay=-1'],
      ['--max-age=-1'],
      ['--ipv4cidr=33'],
      ['--syslog-facility=bogus'],
      ['--retry-window=0'],
      ['--delay=100000', '--retry-window=1'],
      ['--delay=100000', '--max-age=1'],
    ]) {
      expect([words, await startsOf(...words)]).toEqual([words, { postgrey: 'starts', greyd: 2 }]);
    }
    const strict = await Program.start('postgrey', { args: ['--ipv4cidr=33'] });
    expect(await verdict(strict, 0)).toBe(CLOSED);
    const hopeless = await Program.start('postgrey', { args: ['--retry-window=0'] });
    await ask(hopeless, 0);
    expect(await verdict(hopeless, 300)).toBe(GREYLISTED);
  },

  async 'zero for a text'() {
    expect(await answers({ args: ['--greylist-text=0'] })).toEqual({
      postgrey: `${GREYLISTED} ${DEFAULT_TEXT}`,
      greyd: `${GREYLISTED} 0`,
    });
    const both = await startBoth({ args: ['--user=0'] });
    const userOf = ({ pid }: Program) =>
      /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    // greyd answers whether or not it has dropped root privileges.
    await withBoth((name) => ask(both[name], 0));
    expect(userOf(both.postgrey)).not.toBe('0');
    expect(userOf(both.greyd)).toBe('0');
  },

  async 'exit status'() {
    expect(await startsOf('--help')).toEqual({ postgrey: 1, greyd: 0 });
    expect(await startsOf('--man')).toMatchObject({ greyd: 0 });
    expect(await startsOf('--bogus')).toEqual({ postgrey: 1, greyd: 2 });
    expect(await startsOf('--delay=abc')).toEqual({ postgrey: 1, greyd: 2 });
  },

  async spellings() {
    for (const words of [['-i=127.0.0.1:PORT'], ['-i127.0.0.1:PORT'], ['-delay=60'], ['-qv']])
      expect([words, await startsOf(...words)]).toEqual([words, { postgrey: 1, greyd: 'starts' }]);
  },

  async 'stray words'() {
    const torn = ["--greylist-text='Come", "back',", '--delay=60'];
    expect(await answers({ args: [...torn, '--greylist-action=451'] })).toEqual({
      postgrey: `${GREYLISTED} 'Come`,
      greyd: "451 'Come",
    });
    expect(await answers({ args: ['', '--greylist-action=451', '--greylist-text=x'] })).toEqual({
      postgrey: `${GREYLISTED} ${DEFAULT_TEXT}`,
      greyd: '451 x',
    });
    const greyd = await Program.start('greyd', { args: torn });
    const lines = await greyd.linesUntilNow();
    expect(lines.filter((line) => line.startsWith('ignoring the word'))).toHaveLength(1);
  },

  async 'empty values'() {
    expect(await startsOf('--greylist-text=')).toEqual({ postgrey: 1, greyd: 'starts' });
    const both = await startBoth({
      args: ['--hostname=mx.example.org', '--hostname', '', '--x-greylist-header=X: <%h>'],
    });
    const headers = await withBoth(async (name) => {
      await ask(both[name], 0);
      return ask(both[name], 300);
    });
    expect(headers).toEqual({ postgrey: 'PREPEND X: <>', greyd: 'PREPEND X: <mx.example.org>' });
  },

  async 'two places'() {
    const both = await startBoth({ args: ['--unix=SOCKET'] });
    // A program that answers has opened all its places.
    await withBoth((name) => ask(both[name], 0));
    const isThere = await withBoth(async (name) => existsSync(both[name].socket));
    expect(isThere).toEqual({ postgrey: false, greyd: true });
  },

  async 'occupied paths'() {
    const results = await withBoth(async (name) => {
      const program = await Program.launch(name, {
        args: [],
        listen: 'unix',
        before: ({ socket }) => writeFileSync(socket, 'a file'),
      });
      return program.isListening();
    });
    expect(results).toEqual({ postgrey: true, greyd: false });
  },

  async 'pid file'() {
    const both = await startBoth({ args: ['--pidfile=SOCKET.pid'] });
    await withBoth((name) => ask(both[name], 0));
    const isThere = await withBoth(async (name) => existsSync(`${both[name].socket}.pid`));
    expect(isThere).toEqual({ postgrey: false, greyd: true });
    await both.greyd.stop();
    expect(existsSync(`${both.greyd.socket}.pid`)).toBe(false);
  },

  async 'accounts and places'() {
    expect(await startsOf('--dbdir=SOCKET.db')).toEqual({ postgrey: 2, greyd: 'starts' });
  },

  async privacy() {
    const both = await startBoth({ args: ['--privacy'] });
    await withBoth((name) => ask(both[name], 0));
    await withBoth((name) => both[name].stop());
    const hash = sha1('192.0.2.0/alice@example.net/bob@example.org');
    const file = (program: Program, name: string) =>
      readFileSync(join(program.dbdir, name)).toString('latin1');
    expect(file(both.postgrey, 'postgrey.db')).toContain(hash);
    const stored = file(both.greyd, 'greyd.db');
    expect(
      [hash, Buffer.from(hash, 'hex').toString('latin1')].filter((text) => stored.includes(text)),
    ).toEqual([]);
  },

  async 'options of its own'() {
    for (const word of ['--allow-test-time', '--log-format=json', '--syslog-ident=greyd'])
      expect([word, await startsOf(word)]).toEqual([word, { postgrey: 1, greyd: 'starts' }]);
  },

  async 'lines that are no patterns'() {
    const patterns = [
      ...['*.example.org', '.example.org', 'example.org.', '10.1/16', '10', '192.0.2.01', 'mx.example.1'],
      ...['198.51.100.1-198.51.100.9', '::ffff:192.0.2.1', '/@example\\.org$/'],
    ];
    const whitelists = { clients: patterns.join('\n'), recipients: '@example.org\nbob@example..org' };
    const both = await startBoth({ whitelists });
    const warnings = await withBoth(async (name) =>
      (await both[name].linesUntilNow()).filter((line) => /line \d+/.test(line)),
    );
    expect(warnings.postgrey).toEqual([]);
    expect(warnings.greyd).toHaveLength(patterns.length + 2);
    // Next to nothing: addresses with leading zeros are the ones that match something.
    expect(await passes('192.0.2.01', {})).toEqual({ postgrey: true, greyd: false });
    for (const pattern of ['::ffff:192.0.2.1', '192.0.2.1-192.0.2.9', '::ffff:192.0.2.0/120'])
      expect(await passes(pattern, {})).toEqual({ postgrey: false, greyd: false });
    const broken = await withBoth(async (name) => {
      const program = await Program.launch(name, {
        args: [],
        whitelists: { clients: '/(/', recipients: '' },
      });
      return program.isListening();
    });
    expect(broken).toEqual({ postgrey: false, greyd: true });
  },

  async letters() {
    const changes = { client_name: utf8('MX.BÜCHER.example') };
    expect(await passes('bücher.example', changes)).toEqual({ postgrey: false, greyd: true });
    expect(await passes('xn--bcher-kva.example', changes)).toEqual({ postgrey: false, greyd: true });
    const ascii = { client_name: 'mx.xn--bcher-kva.example' };
    expect(await passes('bücher.example', ascii)).toEqual({ postgrey: false, greyd: true });
    expect(await passes('XN--BCHER-kva.example', ascii)).toEqual({ postgrey: true, greyd: true });
  },

  async 'a.b'() {
    expect(await passes('192.0', { client_address: '192.0.2.1' })).toEqual({ postgrey: false, greyd: true });
  },

  async families() {
    expect(await passes('::/0', {})).toEqual({ postgrey: true, greyd: false });
    const mapped = { client_address: '::192.0.2.1' };
    expect(await passes('192.0.2.1', mapped)).toEqual({ postgrey: true, greyd: false });
  },

  async 'linear time'() {
    expect(await passes('/^(?!x)mail/', {})).toEqual({ postgrey: true, greyd: false });
  },

  async reload() {
    const both = await startBoth({ whitelists: { clients: 'example.net\n', recipients: '' } });
    const passed = await withBoth(async (name) => {
      const program = both[name];
      const before = await verdict(program, 0);
      rmSync(join(program.dbdir, 'clients'));
      program.signal('SIGHUP');
      // Said when the list was read again.
      await program.takeLines((line) => /clients/.test(line));
      return [before, await verdict(program, 0)];
    });
    expect(passed).toEqual({ postgrey: ['DUNNO', GREYLISTED], greyd: ['DUNNO', 'DUNNO'] });
    const emptied = await withBoth(async (name) => {
      const program = await Program.start(name, {
        args: [],
        whitelists: { clients: 'example.net\n', recipients: '' },
      });
      await verdict(program, 0);
      program.writeWhitelists({ clients: '# nothing\n', recipients: '' });
      program.signal('SIGHUP');
      await program.takeLines((line) => line.startsWith('HUP received'));
      if (name === 'greyd') await program.takeLines((line) => /client whitelist stays as it was/.test(line));
      return verdict(program, 0);
    });
    expect(emptied).toEqual({ postgrey: GREYLISTED, greyd: 'DUNNO' });
  },

  async zeroes() {
    const both = await startBoth();
    const lines = await withBoth(async (name) => {
      await ask(both[name], 0, { client_name: '0', sender: '0', queue_id: '0' });
      return (await both[name].linesUntilNow()).at(-1);
    });
    const rest = 'recipient=bob@example.org';
    expect(lines).toEqual({
      postgrey: `action=greylist, reason=new, client_address=192.0.2.1, ${rest}`,
      greyd: `0: action=greylist, reason=new, client_name=0, client_address=192.0.2.1, sender=0, ${rest}`,
    });
  },

  async escapes() {
    const both = await startBoth();
    const lines = await withBoth(async (name) => {
      await ask(both[name], 0, { sender: utf8('é\x1b50%@example.net') });
      return /sender=(.*), /.exec((await both[name].linesUntilNow()).at(-1) ?? '')?.[1];
    });
    expect(lines).toEqual({
      postgrey: '%C3%A9%1B50%%@example.net',
      greyd: utf8('é\\u001b50%@example.net'),
    });
  },

  async garbage() {
    const both = await startBoth();
    const lines = await withBoth(async (name) => {
      await both[name].link().ask('rubbish\n'.repeat(12) + wireText(request(0)));
      return (await both[name].linesUntilNow()).filter((line) => line.startsWith('ignoring garbage'));
    });
    expect(lines.postgrey).toHaveLength(12);
    expect(lines.greyd).toHaveLength(11);
    expect(lines.greyd.at(-1)).toBe('ignoring garbage: 2 more lines of this request');
  },

  async 'masked log'() {
    const both = await startBoth({ args: ['--privacy'] });
    const lines = await withBoth(async (name) => {
      await ask(both[name], 0);
      return (await both[name].linesUntilNow()).at(-1);
    });
    expect(lines.postgrey).toMatch(/client_address=192\.0\.2\.1, sender=alice@example\.net/);
    expect(lines.greyd).toMatch(/client_address=192\.0\.2\.0, sender=\*@example\.net/);
  },
};

const canCompare = canRun('tests of differences', { programs: ['postgrey', 'db_dump'], root: true });

describe.skipIf(!canCompare)('on both programs', () => {
  test.each(Object.entries(SHOWN))('%s', (_, show) => show());
});

test('each difference of the list is shown, here or elsewhere', () => {
  const here = Object.keys(SHOWN);
  const elsewhere = DIFFERENCES.filter(({ shownIn }) => shownIn !== undefined);
  expect([...here, ...elsewhere.map(({ name }) => name)].sort()).toEqual(
    DIFFERENCES.map(({ name }) => name).sort(),
  );
  for (const { shownIn } of elsewhere)
    if (shownIn !== undefined) expect(readFileSync(shownIn.file, 'utf8')).toContain(`'${shownIn.test}'`);
});

test('docs/differences.md has the list, word for word', () => {
  const page = readFileSync('docs/differences.md', 'utf8');
  const list = page.slice(page.indexOf('\n## '));
  // Lines are broken anywhere.
  const items = (text: string) =>
    text
      .replace(/\s+/g, ' ')
      .trim()
      .split(/ (?=- [A-Z`]|## )/);
  expect(items(list)).toEqual(items(asMarkdown()));
});
