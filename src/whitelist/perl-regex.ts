/**
 * `/REGEX/` in a whitelist: Perl's syntax, run by RE2.
 *
 * Why RE2 and not JavaScript's own: whitelists are written for Perl and matched against names that
 * strangers choose. RE2 reads Perl's syntax (`^*`, `[[:alpha:]]`, `\A`, `\z`, `\Q…\E`, `(?i)`) with
 * Perl's meaning, and its time grows linearly with the text: no pattern can hang the daemon.
 *
 * Known limits: what cannot be matched in linear time (look-around `(?=…)`, back references `\1`,
 * possessive `a++`) and what only Perl has (`(?x)`, `\h`) is refused with a reason. So is `{,n}`,
 * which RE2 and older Perls read literally and Perl 5.34 and later as `{0,n}`, and a pattern whose
 * program is so long (`(a{100}){10}`) that one match could take milliseconds.
 */
import { RE2JS } from 're2js';

/** Instructions in a compiled pattern. With 512 characters of text a match takes 10 ms at worst. */
export const MAX_PROGRAM_SIZE = 300;

export interface PerlRegex {
  /** Whether the pattern occurs anywhere in the text, upper and lower case being the same. */
  matches(text: string): boolean;
}

/** @throws with the reason in one line if the pattern is wrong or cannot be used */
export function compilePerlRegex(source: string): PerlRegex {
  if (/(?<!\\)\{,\d+\}/.test(source)) {
    throw new Error('{,n} means different things to different Perls, write {0,n}');
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
    const message = error instanceof Error ? error.message : String(error);
    // RE2 puts the flag before the pattern, which its writer would not recognise.
    const reason = message.replace('error parsing regexp: ', '').replace('`(?i)', '`');
    throw new Error(`the pattern cannot be used: ${reason}`);
  }
}
