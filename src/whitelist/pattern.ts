/**
 * What the patterns of both whitelists have in common.
 */

/** The REGEX of `/REGEX/`, or undefined if the pattern is of another form. */
export function regexSource(pattern: string): string | undefined {
  return pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/')
    ? pattern.slice(1, -1)
    : undefined;
}

/**
 * A domain: labels of letters, digits, `-` and `_` (any script), with single dots between them.
 * Digits and dots alone are none, but an address that is written wrong (`192.0.2.256`, `10.1.2.03`).
 */
export function isDomain(pattern: string): boolean {
  return /^[\p{L}\p{M}\p{N}_-]+(\.[\p{L}\p{M}\p{N}_-]+)*$/u.test(pattern) && !/^[\d.]+$/.test(pattern);
}
