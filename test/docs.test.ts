/**
 * README.md and docs/: their tables are those of the programs, their links lead somewhere, no page is too
 * long, and the messages that they explain are those that greyd and greyctl have.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeReference, REFERENCE_PATH } from '../man/reference.ts';
import { anchorsOf, linksOf, withoutCode, wordCount } from './support/markdown.ts';

const PAGES = readdirSync('docs')
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name));
const INDEX = 'docs/index.md';

/** Pages to which the limit of words does not apply. */
const LONG = [REFERENCE_PATH];

const textOf = (path: string) => readFileSync(path, 'utf8');

test('docs/reference.md lists every option with its default, as `npm run docs` writes them', () => {
  expect(textOf(REFERENCE_PATH)).toBe(makeReference(textOf(REFERENCE_PATH)));
});

test('a page without the tables is an error', () => {
  expect(() => makeReference('# Reference\n')).toThrow('docs/reference.md: the table | option | default');
});

describe.each(['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'test/faults/README.md', ...PAGES])(
  '%s',
  (path) => {
    const links = linksOf(textOf(path)).filter((target) => !/^https?:/.test(target));

    test('has no dead link', () => {
      expect(links.filter((target) => !isAlive(path, target))).toEqual([]);
    });

    test('has no link that leaves the sources', () => {
      const places = links.map((target) => normalize(join(dirname(path), target)));
      expect(places.filter((place) => place.startsWith('..') || place.startsWith('/'))).toEqual([]);
    });
  },
);

/** Tells whether a link of the page at `path` leads to a file, and to a heading of it if it names one. */
function isAlive(path: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const place = file === '' ? path : join(dirname(path), file);
  return existsSync(place) && (anchor === undefined || anchorsOf(textOf(place)).includes(anchor));
}

test('a dead link would be found', () => {
  const dead = ['no-such-page.md', 'install.md#no-such-heading', '#no-such-heading', '../docs/none.svg'];
  expect(dead.filter((target) => isAlive(INDEX, target))).toEqual([]);
  expect(linksOf('[a](b.md), ![c d](e.svg) [f\ng](h.md#i)\n\n    [code](j.md)\n')).toEqual([
    'b.md',
    'e.svg',
    'h.md#i',
  ]);
  expect(anchorsOf('# A `b_c=D`\n\n## 1. It (is): é\n\n    # code\n')).toEqual(['a-b_cd', '1-it-is-é']);
});

test('docs/index.md lists every other page once', () => {
  const listed = linksOf(textOf(INDEX)).map((target) => join('docs', target));
  expect(listed.sort()).toEqual(PAGES.filter((path) => path !== INDEX).sort());
});

test('README.md has at most 800 words, and no page but the reference more than 1,500', () => {
  expect(wordCount(textOf('README.md'))).toBeLessThanOrEqual(800);
  const long = PAGES.filter((path) => !LONG.includes(path) && wordCount(textOf(path)) > 1500);
  expect(long).toEqual([]);
});

test.each(['README.md', ...PAGES])('%s has a title, and a command or a link before any section', (path) => {
  const [beginning = ''] = textOf(path).split(/^## /m);
  expect(beginning).toMatch(/^# \S/);
  expect(beginning.split('\n').slice(0, 16).join('\n')).toMatch(/^ {4}\S|`|\]\(/m);
});

test.each(['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...PAGES])(
  '%s is in the words of the field',
  (path) => {
    const text = textOf(path);
    expect(text.match(/\b(?:puts? off|putting off|lets? in|lets? through|whoever)\b/gi) ?? []).toEqual([]);
    expect(withoutCode(text).match(/(?:^|[.:] |\n\n|\| )Of (?!course)/gm) ?? []).toEqual([]);
  },
);

describe('docs/troubleshooting.md', () => {
  /** The messages that have a heading, but for what other programs say. */
  const messages = [...textOf('docs/troubleshooting.md').matchAll(/^### `(.*)`$/gm)].map(
    ([, message = '']) => message,
  );
  const literals = sourceTexts();

  test('has messages', () => {
    expect(messages.length).toBeGreaterThan(25);
  });

  test.each(messages)('`%s` is what a program says', (message) => {
    const parts = message.split('…').filter((part) => part.trim().length > 2);
    expect(Math.max(...parts.map((part) => part.length))).toBeGreaterThan(5);
    expect(parts.filter((part) => !literals.includes(part))).toEqual([]);
  });

  test('a message that no program says would be found', () => {
    expect(literals).not.toContain('store has failed, mail passes');
    expect(literals).toContain('mail passes without greylisting until it works again: ');
  });
});

/** The code of src without its comments, with strings that `+` joins made one, and words in the plural. */
function sourceTexts(): string {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) =>
      textOf(join('src', name))
        .replace(/^\s*(?:\/\*\*?|\*|\/\/).*$/gm, '')
        .replace(/\$\{[^{}]*=== 1 \? '[^']*' : '([^']*)'\}/g, '$1')
        .replace(/['"`]\s*\+\s*['"`]/g, ''),
    )
    .join('\n');
}

test('each page of docs/ that a text, a manual or a unit names is there', () => {
  const folders = ['bin', 'etc', 'man', 'packaging', 'src', 'systemd'];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
  const named = files.flatMap((file) =>
    [...textOf(file).matchAll(/\bdocs\/([\w-]+\.md(?:#[\w-]+)?)/g)].map(([, target = '']) => target),
  );
  // The manual lists their names below that of the folder.
  const listed = ['man/greyd.8', 'man/greyctl.8'].flatMap((page) =>
    [...textOf(page).matchAll(/^\.It Pa ([\w\\-]+\.md)$/gm)].map(([, name = '']) => name.replace('\\', '')),
  );
  expect(listed.length).toBeGreaterThan(10);
  named.push(...listed);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((target) => !isAlive(INDEX, target))).toEqual([]);
});

test('each row of test/faults/README.md names a test, and each test there has a row', () => {
  const rows = readFileSync('test/faults/README.md', 'utf8').match(/^\| (?!fault |---).*$/gm) ?? [];
  const named = rows.map((row) => /\]\(([^)]+\.test\.ts)\) \|$/.exec(row)?.[1] ?? row);
  expect(rows.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join('test/faults', path)))).toEqual([]);
  const files = readdirSync('test/faults').filter((name) => name.endsWith('.test.ts'));
  expect(files.filter((name) => !named.includes(name))).toEqual([]);
});
