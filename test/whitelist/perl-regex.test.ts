import { describe, expect, test } from 'vitest';
import { compilePerlRegex, MAX_PROGRAM_SIZE } from '../../src/whitelist/perl-regex.ts';

describe("Perl's meaning, also where JavaScript's differs", () => {
  test.each([
    ['^*\\.example$', ['.example', 'a.example'], ['example', '.example.org']],
    ['[[:digit:]]{3}', ['a123'], ['a12']],
    ['\\Amx\\z', ['mx', 'MX'], ['mx1', 'amx']],
    ['(?i)mail', ['MAIL'], ['mal']],
    ['^[]x]$', [']', 'x'], ['y']],
    ['a{,x', ['a{,x'], ['a']],
    ['(?:dsl|dyn)-', ['dsl-1', 'DYN-1'], ['dsl1']],
  ])('%s', (source, matching, others) => {
    const regex = compilePerlRegex(source);
    expect(matching.filter((text) => !regex.matches(text))).toEqual([]);
    expect(others.filter((text) => regex.matches(text))).toEqual([]);
  });
});

describe('what cannot be used is refused with a reason', () => {
  test.each([
    ['(?=mail)x', 'the pattern cannot be used: invalid or unsupported Perl syntax: `(?=`'],
    ['(a)\\1', 'the pattern cannot be used: invalid escape sequence: `\\1`'],
    ['a++', 'the pattern cannot be used: invalid nested repetition operator: `++`'],
    ['(?x)a b', 'the pattern cannot be used: invalid or unsupported Perl syntax: `(?x`'],
    ['[a', 'the pattern cannot be used: missing closing ]: `[a`'],
    ['\\Qa.b\\E', '\\Q and \\E quote nothing here'],
    ['a{,3}', '{,n} means different things to different Perls, write {0,n}'],
    ['(a{100}){4}', `the pattern is too large: 410 steps, at most ${MAX_PROGRAM_SIZE} are allowed`],
  ])('%s', (source, reason) => {
    expect(() => compilePerlRegex(source)).toThrow(reason);
  });
});

test('patterns that backtracking never finishes are matched', () => {
  // 2^500 steps for a backtracking engine: this test ends only because RE2 takes none of them.
  for (const source of ['(a+)+$', '(a|aa)+$', '(.*a){20}$', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
    expect(compilePerlRegex(source).matches(`${'a'.repeat(511)}!`)).toBe(false);
  }
});
