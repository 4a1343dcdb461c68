/**
 * Sizes and names in src/, and the words of the house: see "Rules of the house" in CONTRIBUTING.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const MAX_FILE_LINES = 300;
const MAX_FOLDER_SHARE = 0.2;
const MAX_FILES_SIDE_BY_SIDE = 30;

const FILES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join('src', file), 'utf8') }));
const linesOf = (text: string) => text.split('\n').length - 1;

test('no file is too long', () => {
  expect(FILES.length).toBeGreaterThan(30);
  expect(FILES.filter(({ text }) => linesOf(text) > MAX_FILE_LINES).map(({ file }) => file)).toEqual([]);
});

test('no folder holds too much', () => {
  const lines = new Map<string, number>();
  const files = new Map<string, number>();
  for (const { file, text } of FILES) {
    files.set(dirname(file), (files.get(dirname(file)) ?? 0) + 1);
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder))
      lines.set(folder, (lines.get(folder) ?? 0) + linesOf(text));
  }
  const all = FILES.reduce((sum, { text }) => sum + linesOf(text), 0);
  expect([...lines].filter(([, count]) => count > MAX_FOLDER_SHARE * all)).toEqual([]);
  expect([...files].filter(([, count]) => count > MAX_FILES_SIDE_BY_SIDE)).toEqual([]);
});

test('a name is defined in one file', () => {
  const places = new Map<string, string[]>();
  for (const { file, text } of FILES) {
    const definitions = text.matchAll(
      /^(?:export )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|interface|type) (\w+)/gm,
    );
    for (const [, name = ''] of definitions) places.set(name, [...(places.get(name) ?? []), file]);
  }
  expect([...places].filter(([, where]) => new Set(where).size > 1)).toEqual([]);
});

test('a doc comment begins with a verb or with the thing itself', () => {
  const odd = FILES.flatMap(({ file, text }) =>
    [...text.matchAll(/\/\*\*\s*(?:\* )?(Of |\.\.\.|…)[^\n]*/g)].map(([comment]) => `${file}: ${comment}`),
  );
  expect(odd).toEqual([]);
});

test('nobody reads of mail that is put off or let in', () => {
  const pages = ['README.md', 'CHANGELOG.md'].concat(
    readdirSync('docs').map((name) => join('docs', name)),
    readdirSync('man').map((name) => join('man', name)),
  );
  const texts = [...FILES, ...pages.map((file) => ({ file, text: readFileSync(file, 'utf8') }))];
  const odd = texts.flatMap(({ file, text }) =>
    [...text.matchAll(/^.*\b(?:put(?:s|ting)?[ _]off|lets?[ _](?:mail )?(?:in|through)(?![a-z])).*$/gim)].map(
      ([line]) => `${file}: ${line.trim()}`,
    ),
  );
  expect(odd).toEqual([]);
});
