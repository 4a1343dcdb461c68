/**
 * The forms of patterns that both whitelists share.
 */
import { comparableName } from '../address/host-name.ts';

/** Returns the REGEX of `/REGEX/`, or undefined if the pattern is of another form. */
export function regexSource(pattern: string): string | undefined {
  return pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/')
    ? pattern.slice(1, -1)
    : undefined;
}

const LABELS = /^[\p{L}\p{M}\p{N}_-]+(\.[\p{L}\p{M}\p{N}_-]+)*$/u;
const LETTER_IN_LAST_LABEL = /\p{L}[^.]*$/u;

/**
 * Tells whether a pattern is a domain: labels of letters, digits, `-` and `_` (any script), with single dots
 * between
 * them. The last one contains a letter: so does every top-level domain (RFC 3696). One without is a mistyped
 * address (`192.0.2.256`, `10.1.2.03`) or a range (`192.0.2.1-192.0.2.9`).
 */
export function isDomain(pattern: string): boolean {
  const name = comparableName(pattern);
  return LABELS.test(name) && LETTER_IN_LAST_LABEL.test(name);
}

/** The longest label and name of DNS (RFC 1035), in characters. */
const MAX_LABEL = 63;
const MAX_NAME = 253;

/** Tells whether hosts can have names in a domain: mail servers accept no name with other labels (RFC 952). */
export function isHostDomain(pattern: string): boolean {
  if (!isDomain(pattern)) return false;
  const name = comparableName(pattern);
  return (
    name.length <= MAX_NAME &&
    name.split('.').every((label) => label.length <= MAX_LABEL && !/^-|-$/.test(label))
  );
}
