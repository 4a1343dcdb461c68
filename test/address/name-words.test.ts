import { expect, test } from 'vitest';
import { NameWords } from '../../src/address/name-words.ts';
import { readWhitelistFile } from '../../src/whitelist/whitelist-file.ts';

function wordsOf(...patterns: string[]): NameWords {
  const words = new NameWords();
  for (const pattern of patterns) words.add({ pattern });
  return words;
}

test.each([
  ['mx', ['mx'], ['mxa', 'amx', '']],
  ['mx?', ['mxa', 'mxz'], ['mx', 'mxab', 'mx?']],
  ['dyn*', ['dyn', 'dynamic'], ['adyn', 'dy']],
  ['*dsl', ['dsl', 'adsl'], ['dslam']],
  ['*mail*', ['mail', 'webmails'], ['mal']],
  ['*m?x', ['mux', 'amix'], ['mx']],
])('%s holds the words that it should', (pattern, held, others) => {
  const { line } = wordsOf(`line:${pattern}`);
  expect(held.filter((word) => !line.has(word))).toEqual([]);
  expect(others.filter((word) => line.has(word))).toEqual([]);
});

test('a word counts for its kind alone, whatever its case in the file', () => {
  const words = wordsOf('mail:MX', 'rented:vps');
  expect([words.mail.has('mx'), words.rented.has('mx'), words.mail.has('vps')]).toEqual([true, false, false]);
  expect(words.size).toBe(2);
});

test('a pool has its domain and the names below it', () => {
  const words = wordsOf('pool:example.org', 'pool:a.example.net');
  expect(words.poolOf('example.org')).toBe('example.org');
  expect(words.poolOf('x.y.example.org')).toBe('example.org');
  expect(words.poolOf('x.a.example.net')).toBe('a.example.net');
  expect(words.poolOf('b.example.net')).toBeUndefined();
  expect(words.poolOf('myexample.org')).toBeUndefined();
});

test.each([
  ['mx', /^write one of line, server/],
  ['lines:mx', /^write one of line, server/],
  ['constructor:mx', /^write one of line, server/],
  [':mx', /^write one of line, server/],
  ['mail:', /^a word has the letters/],
  ['mail:mx1', /^a word has the letters/],
  ['mail:m*x', /^a word has the letters/],
  ['mail:**', /^a word has the letters/],
  ['mail:???', /^a word has at most 2 question marks/],
  ['pool:com', /^a pool is a domain/],
  ['pool:.example.org', /^a pool is a domain/],
])('%s is refused with a reason, and not counted', (pattern, reason) => {
  const words = new NameWords();
  expect(() => words.add({ pattern })).toThrow(reason);
  expect(words.size).toBe(0);
});

test('the file in etc/ is read without a warning, and has words of each kind', async () => {
  const words = new NameWords();
  expect(await readWhitelistFile('etc/greyd/client_names', (line) => words.add(line))).toEqual([]);
  expect(words.size).toBeGreaterThan(100);
  const found = [
    [words.line, 'dynamic'],
    [words.server, 'mail'],
    [words.mail, 'mxb'],
    [words.numbered, 'mo'],
    [words.own, 'hotmail'],
    [words.rented, 'vps'],
    [words.start, 'host'],
    [words.serial, 'ns'],
  ] as const;
  expect(found.filter(([set, word]) => !set.has(word)).map(([, word]) => word)).toEqual([]);
  expect(words.poolOf('dfw.source.kernel.org')).toBe('kernel.org');
});
