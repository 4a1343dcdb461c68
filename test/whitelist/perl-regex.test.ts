import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePerlRegex, MAX_PROGRAM_SIZE, MAX_SOURCE_LENGTH } from '../../src/whitelist/perl-regex.ts';

/** Without blanks, as the lines of a whitelist are. */
const anyPattern = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(...'()[]{}|*+?^$.\\', '(?', '(?:', '{1,', '{50}', '[^', '[[:alpha:]]', '\\p', '\\x{'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    maxLength: 60,
  })
  .map((text) => text.replace(/\s/g, ''));

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
    ['\\Qa.b\\E', '\\Q and \\E are not supported'],
    ['a{,3}', '{,n} differs between versions of Perl, write {0,n}'],
    ['(a{100}){4}', `the pattern is too large: 410 steps, at most ${MAX_PROGRAM_SIZE} are allowed`],
  ])('%s', (source, reason) => {
    expect(() => compilePerlRegex(source)).toThrow(reason);
  });
});

describe('no pattern hangs the daemon', () => {
  /** A backtracking engine needs 2^n or n^2 steps and more for a text of n characters. */
  const EVIL: readonly [source: string, unit: string][] = [
    ['(a+)+$', 'a'],
    ['(a|a)*$', 'a'],
    ['(a|aa)+$', 'a'],
    ['(a*)*b', 'a'],
    ['((a*)*)*c', 'a'],
    ['(.*a){20}$', 'a'],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
    ['(.*)(.*)(.*)(.*)(.*)z', 'a'],
    ['^([\\w-]+\\.?)*$', 'mx-.'],
    ['(a?){50}a{50}$', 'a'],
    ['^([^@]+)+@x$', 'a+'],
  ];
  const textOf = (unit: string, length: number) => `${unit.repeat(length / unit.length)}!`;

  test.each(EVIL)(
    '%s: 16 times the text takes 16 times the time, and by no means 256 times',
    (source, unit) => {
      const regex = compilePerlRegex(source);
      const [text, longer] = [textOf(unit, 2 ** 12), textOf(unit, 2 ** 16)];
      expect(fastest(() => regex.matches(longer)) / fastest(() => regex.matches(text))).toBeLessThan(64);
    },
  );

  test('nor does reading it: a long one is refused unread, one that grows is too large', () => {
    const whole = fastest(() => refusal('x{1000}'.repeat(MAX_SOURCE_LENGTH / 7)), 1);
    const million = fastest(() => refusal('x{1000}'.repeat(1_000_000 / 7)), 1);
    expect(million).toBeLessThan(whole);
    expect(refusal('x'.repeat(MAX_SOURCE_LENGTH))).toMatch(/^the pattern is too large: 50\d steps/);
    expect(refusal('x'.repeat(MAX_SOURCE_LENGTH + 1))).toBe(
      `the pattern is too long: ${MAX_SOURCE_LENGTH + 1} characters, at most ${MAX_SOURCE_LENGTH} are allowed`,
    );
  });

  test.each([
    ['x{1000}{1000}', 'invalid nested repetition operator'],
    ['(x{1000}){1000}', 'invalid repeat count'],
    ['(((x{10}){10}){10})', 'the pattern is too large'],
    ['(x{0,20}){0,20}', 'the pattern is too large'],
    ['\\pL{0,1000}', 'the pattern is too large'],
    ['('.repeat(MAX_SOURCE_LENGTH), 'missing closing )'],
    ['(a*'.repeat(100) + ')*'.repeat(100), 'invalid nested repetition operator|the pattern is too large'],
  ])('%s is refused', (source, reason) => {
    expect(refusal(source)).toMatch(new RegExp(reason.replaceAll(')', '\\)')));
  });

  test('any pattern is taken, or refused in one line', () => {
    fc.assert(
      fc.property(anyPattern, fc.string({ unit: 'binary', maxLength: 512 }), (source, text) => {
        const outcome = refusal(source) ?? compilePerlRegex(source).matches(text);
        if (typeof outcome === 'string') expect(outcome).toMatch(/^\S.+$/);
      }),
      { numRuns: 2000 },
    );
  });
});

/** Why a pattern is refused, or undefined if it is not. */
function refusal(source: string): string | undefined {
  try {
    compilePerlRegex(source);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Milliseconds that something takes when nothing else holds it up. */
function fastest(action: () => void, times = 9): number {
  const durations = Array.from({ length: times }, () => {
    const begin = performance.now();
    action();
    return performance.now() - begin;
  });
  return Math.min(...durations);
}
