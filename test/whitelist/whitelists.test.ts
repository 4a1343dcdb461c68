import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IpAddress, parseAddress } from '../../src/address/ip.ts';
import { printable } from '../../src/log/printable.ts';
import { Whitelists } from '../../src/whitelist/whitelists.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { inputs } from '../support/fuzz.ts';
import { hasClient, hasRecipient } from '../support/whitelisted.ts';

/** Whitelists over files with these contents; undefined: no such file. */
function whitelistsOver(contents: Record<string, string | undefined>) {
  const folder = temporaryDirectory();
  const path = (name: string) => join(folder, name);
  const write = (name: string, text: string) => writeFileSync(path(name), text);
  for (const [name, text] of Object.entries(contents)) if (text !== undefined) write(name, text);
  const names = Object.keys(contents).map(path);
  const whitelists = new Whitelists({
    clients: names.filter((name) => name.includes('clients')),
    recipients: names.filter((name) => name.includes('recipients')),
  });
  return { whitelists, folder, path, write };
}

test('all files of a list count', async () => {
  const { whitelists } = whitelistsOver({
    clients: 'a.example\n',
    'clients.local': 'b.example',
    recipients: 'abuse@\r\n',
  });
  expect(await whitelists.load()).toEqual([]);
  expect(['a.example', 'b.example', 'c.example'].map((name) => hasClient(whitelists, name))).toEqual([
    true,
    true,
    false,
  ]);
  expect(hasRecipient(whitelists, 'abuse@example.org')).toBe(true);
});

test('the first line that holds somebody is named, of domains, addresses and expressions', async () => {
  const { whitelists, path } = whitelistsOver({
    clients: '# ours\nexample.com\n192.0.2.0/24\n/^mx/\nexample.com',
    'recipients.local': 'bob@example.org\nexample.com\n',
  });
  await whitelists.load();
  const address = (text: string) => parseAddress(text) as IpAddress;
  const at = (name: string, number: number, pattern: string) => ({ file: path(name), number, pattern });
  expect(whitelists.findClient('mx.example.com', address('192.0.2.1'))).toEqual(
    at('clients', 2, 'example.com'),
  );
  expect(whitelists.findClient('unknown', address('192.0.2.1'))).toEqual(at('clients', 3, '192.0.2.0/24'));
  expect(whitelists.findClient('mx', address('198.51.100.1'))).toEqual(at('clients', 4, '/^mx/'));
  expect(whitelists.findClient('unknown', address('198.51.100.1'))).toBeUndefined();
  expect(whitelists.findRecipient('Bob+x@example.org')).toEqual(at('recipients.local', 1, 'bob@example.org'));
});

test('comments and blanks do not count, a # ends a regular expression too', async () => {
  const text = '# comment\n\n   \t\n  a.example  # why\nb.example#x\n/^c#.example$/\n';
  const { whitelists, path } = whitelistsOver({ clients: text });
  expect(await whitelists.load()).toEqual([
    `${path('clients')} line 6: skipped /^c: no host name, IP address, network or /regex/: write /^c/`,
  ]);
  expect(['a.example', 'b.example'].map((name) => hasClient(whitelists, name))).toEqual([true, true]);
});

test('a bad line is skipped with a warning, the others count', async () => {
  const { whitelists, path } = whitelistsOver({
    clients: 'a.example\n/(/\nb example\n/a b/\nc.example\n',
    recipients: '@example.org\nd@example.org\n',
  });
  expect(await whitelists.load()).toEqual([
    `${path('clients')} line 2: skipped /(/: the pattern cannot be used: missing closing ): \`(\``,
    `${path('clients')} line 3: skipped b example: a pattern must not contain blanks`,
    `${path('clients')} line 4: skipped /a b/: a pattern must not contain blanks`,
    `${path('recipients')} line 1: skipped @example.org: no address, user@, domain or /regex/: write example.org`,
  ]);
  expect(['a.example', 'c.example'].map((name) => hasClient(whitelists, name))).toEqual([true, true]);
  expect(hasRecipient(whitelists, 'd@example.org')).toBe(true);
});

test('a missing file is told, a missing .local is not', async () => {
  const { whitelists, path } = whitelistsOver({
    clients: undefined,
    'clients.local': undefined,
    recipients: 'abuse@',
  });
  expect(await whitelists.load()).toEqual([
    expect.stringMatching(`cannot read whitelist ${path('clients')}: ENOENT`),
  ]);
  expect(hasRecipient(whitelists, 'abuse@example.org')).toBe(true);
});

describe('a reload', () => {
  test('says how many patterns are in force, and whether all files could be read', async () => {
    const { whitelists, write, path } = whitelistsOver({ clients: 'a.example\nb.example', recipients: 'a@' });
    const state = () => [whitelists.sizes, whitelists.isUpToDate];
    expect(state()).toMatchObject([{ clients: 0, recipients: 0 }, false]);
    await whitelists.load();
    expect(state()).toMatchObject([{ clients: 2, recipients: 1 }, true]);
    rmSync(path('recipients'));
    write('clients', 'c.example');
    await whitelists.reload();
    expect(state()).toMatchObject([{ clients: 1, recipients: 1 }, false]);
    write('recipients', 'a@\nb@');
    await whitelists.reload();
    expect(state()).toMatchObject([{ clients: 1, recipients: 2 }, true]);
  });

  test('takes what the files hold now', async () => {
    const { whitelists, write } = whitelistsOver({ clients: 'a.example', recipients: 'a@' });
    await whitelists.load();
    write('clients', 'b.example');
    write('recipients', 'b@');
    expect(await whitelists.reload()).toEqual([]);
    expect(['a.example', 'b.example'].map((name) => hasClient(whitelists, name))).toEqual([false, true]);
    expect(['a@example.org', 'b@example.org'].map((address) => hasRecipient(whitelists, address))).toEqual([
      false,
      true,
    ]);
  });

  test('keeps the list whose file cannot be read, and changes the other', async () => {
    const { whitelists, write, path } = whitelistsOver({
      clients: 'a.example',
      'clients.local': 'l.example',
      recipients: 'a@',
    });
    await whitelists.load();
    rmSync(path('clients'));
    mkdirSync(path('clients'));
    write('clients.local', 'm.example');
    write('recipients', 'b@');
    expect(await whitelists.reload()).toEqual([
      expect.stringMatching(`cannot read whitelist ${path('clients')}: EISDIR`),
      'the client whitelist stays as it was',
    ]);
    const names = ['a.example', 'l.example', 'm.example'];
    expect(names.map((name) => hasClient(whitelists, name))).toEqual([true, true, false]);
    expect(['a@example.org', 'b@example.org'].map((address) => hasRecipient(whitelists, address))).toEqual([
      false,
      true,
    ]);
  });
});

describe('a reload that would leave a list without a valid line keeps it', () => {
  const KEPT = 'stays as it was: its files have no valid line any more; to load an empty list, restart greyd';

  test.each([
    ['emptied', ''],
    ['with nothing but comments', '# a.example\n\n   # b\n'],
    ['of bad lines alone', 'a example\n192.0.2.1-192.0.2.9\n@example.org\n'],
    ['of another kind', '<!doctype html>\n<p>502 Bad Gateway\n'],
    ['of zeros, as after a crash', '\0\0\0\0'],
  ])('of files %s', async (_, text) => {
    const { whitelists, write } = whitelistsOver({ clients: 'a.example', recipients: 'a@\nb@' });
    await whitelists.load();
    write('clients', text);
    write('recipients', text);
    const warnings = await whitelists.reload();
    expect(warnings.filter((warning) => !/ line \d+: skipped /.test(warning))).toEqual([
      `the client whitelist ${KEPT}`,
      `the recipient whitelist ${KEPT}`,
    ]);
    expect([whitelists.sizes, whitelists.isUpToDate]).toMatchObject([{ clients: 1, recipients: 2 }, false]);
    expect(hasClient(whitelists, 'a.example')).toBe(true);
    expect(hasRecipient(whitelists, 'b@example.org')).toBe(true);
    // The warning is repeated, and ends with the first file that has a line.
    expect(await whitelists.reload()).toEqual(warnings);
    write('clients', 'c.example');
    write('recipients', 'c@');
    expect(await whitelists.reload()).toEqual([]);
    expect([whitelists.sizes, whitelists.isUpToDate]).toMatchObject([{ clients: 1, recipients: 1 }, true]);
    expect(hasClient(whitelists, 'a.example')).toBe(false);
  });

  test('also where only .local had lines, and is gone', async () => {
    const { whitelists, path } = whitelistsOver({ clients: '# none\n', 'clients.local': 'a.example' });
    await whitelists.load();
    rmSync(path('clients.local'));
    expect(await whitelists.reload()).toEqual([`the client whitelist ${KEPT}`]);
    expect(hasClient(whitelists, 'a.example')).toBe(true);
  });

  test('but not one that was empty before', async () => {
    const { whitelists, write } = whitelistsOver({ clients: '', recipients: '# none' });
    await whitelists.load();
    expect(await whitelists.reload()).toEqual([]);
    expect(whitelists.isUpToDate).toBe(true);
    write('clients', 'a example');
    expect(await whitelists.reload()).toHaveLength(1);
    expect([whitelists.sizes, whitelists.isUpToDate]).toMatchObject([{ clients: 0, recipients: 0 }, true]);
  });

  test('nor does one list keep the other, and .local may be emptied while the other file has lines', async () => {
    const { whitelists, write } = whitelistsOver({
      clients: 'a.example',
      'clients.local': 'l.example\nm.example',
      recipients: 'a@',
    });
    await whitelists.load();
    write('clients.local', '# l.example\n');
    write('recipients', '');
    expect(await whitelists.reload()).toEqual([`the recipient whitelist ${KEPT}`]);
    expect(whitelists.sizes).toMatchObject({ clients: 1, recipients: 1 });
  });

  test('one of several files that has lost all its lines is told, once, and taken as it is', async () => {
    const { whitelists, write, path } = whitelistsOver({
      clients: 'a.example\nb.example',
      'clients.local': 'l.example',
    });
    await whitelists.load();
    write('clients', '');
    expect(await whitelists.reload()).toEqual([
      `${path('clients')} has no valid line any more: its 2 patterns are dropped`,
    ]);
    expect([whitelists.sizes, whitelists.isUpToDate]).toMatchObject([{ clients: 1, recipients: 0 }, true]);
    expect(await whitelists.reload()).toEqual([]);
  });

  test('a start takes what there is', async () => {
    const { whitelists } = whitelistsOver({ clients: 'a example', recipients: '' });
    expect(await whitelists.load()).toHaveLength(1);
    expect([whitelists.sizes, whitelists.isUpToDate]).toMatchObject([{ clients: 0, recipients: 0 }, true]);
  });
});

describe('files that are no whitelists', () => {
  const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const pattern = fc.constantFrom('example.com', '192.0.2.0/24', '/^mx/', 'abuse@', '/(/', '/a{1000}/', '#');
  const separator = fc.constantFrom('\n', '\r\n', '\r', ' ', '\0', '\ufeff', '\u2028', '\x1b[2J');
  const anyText = fc
    .array(fc.oneof(pattern, separator, fc.string({ unit: 'binary', maxLength: 10 })))
    .map((parts) => Buffer.from(parts.join('')));

  test('of any bytes are read to their end, with a line for each line that is no pattern', async () => {
    const { whitelists, path } = whitelistsOver({ clients: '', recipients: '' });
    const isWarning = new RegExp(
      `^${path('')}/(clients|recipients) line \\d+: skipped [^\\n\\r]+: [^\\n\\r]+$`,
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyBytes, anyText), async (contents) => {
        const file = Buffer.concat([contents, Buffer.from('\nlast.example\nlast@\n')]);
        writeFileSync(path('clients'), file);
        writeFileSync(path('recipients'), file);
        for (const warning of await whitelists.reload()) {
          expect(printable(warning)).toMatch(isWarning);
          expect(warning.length).toBeLessThan(700);
        }
        expect(hasClient(whitelists, 'mx.last.example')).toBe(true);
        expect(hasRecipient(whitelists, 'last@example.org')).toBe(true);
      }),
      { numRuns: inputs(150) },
    );
  });

  test('a line of a megabyte is told in a short one', async () => {
    const { whitelists } = whitelistsOver({ clients: `${'x!'.repeat(500_000)}\n/${'x'.repeat(1_000_000)}/` });
    const warnings = await whitelists.load();
    expect(warnings.map((warning) => warning.replace(/^.* line/, 'line'))).toEqual([
      `line 1: skipped ${'x!'.repeat(100)}…: no host name, IP address, network or /regex/`,
      `line 2: skipped /${'x'.repeat(199)}…: the pattern is too long: 1000000 characters, at most 500 are allowed`,
    ]);
  });
});
