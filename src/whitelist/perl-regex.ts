/**
 * `/REGEX/` in a whitelist: Perl's syntax, run by RE2.
 *
 * Why RE2 and not JavaScript's own: whitelists are written for Perl and matched against names that
 * strangers choose. RE2 reads Perl's syntax (`^*`, `[[:alpha:]]`, `\A`, `\z`, `(?i)`) with
 * Perl's meaning, and its time grows linearly with the text: no pattern can hang the daemon.
 * Known limits: expressions that cannot be matched in linear time (look-around `(?=…)`, back references `\1`,
 * possessive `a++`) or that only Perl has (`(?x)`, `\h`, `\Z`) are refused with a reason; so are those that
 * RE2 would read otherwise (`{,n}`, `\Q…\E`), a pattern that is longer than MAX_SOURCE_LENGTH, and one
 * whose program is so long (`(a{100}){10}`) that one match could take many milliseconds.
 */
import { RE2JS } from 're2js';
import { errorText } from '../errors/text.ts';

/** Instructions in a compiled pattern. With 512 characters of text a match takes 10 ms at worst. */
export const MAX_PROGRAM_SIZE = 300;

/**
 * Maximum length of a pattern, in characters. The size of its program is known only once it is compiled, and for a
 * long pattern RE2 needs seconds and hundreds of megabytes; for one of this length a third of a second at worst.
 */
export const MAX_SOURCE_LENGTH = 500;

/** Syntax that RE2 accepts with another meaning than Perl gives it in a pattern from a file. */
const AMBIGUOUS: readonly [RegExp, string][] = [
  [/(?<!\\)\{,\d+\}/, '{,n} differs between versions of Perl, write {0,n}'],
  [/\\[QE]/, '\\Q and \\E are not supported, put a \\ before each character instead'],
];

export interface PerlRegex {
  /** Tells whether the pattern occurs anywhere in the text, ignoring case. */
  matches(text: string): boolean;
}

/** @throws with the reason in one line if the pattern is wrong or cannot be used */
export function compilePerlRegex(source: string): PerlRegex {
  if (source.length > MAX_SOURCE_LENGTH) {
    throw new Error(
      `the pattern is too long: ${source.length} characters, at most ${MAX_SOURCE_LENGTH} are allowed`,
    );
  }
  for (const [construct, reason] of AMBIGUOUS) {
    if (construct.test(source)) throw new Error(reason);
  }
  const regex = compile(source);
  const size = regex.programSize();
  if (size > MAX_PROGRAM_SIZE) {
    throw new Error(`the pattern is too large: ${size} steps, at most ${MAX_PROGRAM_SIZE} are allowed`);
  }
  return { matches: (text) => regex.test(text) };
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
  } catch (error) {
    const message = errorText(error);
    // RE2 puts the flag before the pattern, which the administrator would not recognise.
    const reason = message.replace('error parsing regexp: ', '').replace('`(?i)', '`');
    throw new Error(`the pattern cannot be used: ${reason}`);
  }
}
