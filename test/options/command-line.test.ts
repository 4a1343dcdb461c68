import { expect, test } from 'vitest';
import { type OptionEntry, readCommandLine } from '../../src/options/command-line.ts';

const OPTIONS: readonly OptionEntry[] = [
  { flags: '--quiet', help: 'a flag' },
  { flags: '--delay <SECONDS>', help: 'a value', default: 300, parse: Number },
  { flags: '--after [N]', help: 'an optional value', default: 5, preset: '7', parse: Number },
];

const read = (...argv: string[]) =>
  readCommandLine<{ quiet: boolean; delay: number; after: number }>(
    { name: 'c', usage: '', description: '', options: OPTIONS },
    argv,
    () => {},
  );

test('nothing is given', () => {
  const { given, wasGiven } = read();
  expect(given).toEqual({ quiet: false, delay: 300, after: 5 });
  expect((['quiet', 'delay', 'after'] as const).filter(wasGiven)).toEqual([]);
});

test('an empty value changes nothing, and does not count as given', () => {
  const { given, wasGiven } = read('--delay=', '--after=');
  expect(given).toEqual({ quiet: false, delay: 300, after: 5 });
  expect((['quiet', 'delay', 'after'] as const).filter(wasGiven)).toEqual([]);
});

test('a flag, a value, and an optional value that is left out are given', () => {
  const { given, wasGiven } = read('--quiet', '--delay=0', '--delay=', '--after');
  expect(given).toEqual({ quiet: true, delay: 0, after: 7 });
  expect((['quiet', 'delay', 'after'] as const).filter(wasGiven)).toEqual(['quiet', 'delay', 'after']);
});
