/**
 * Advice on what to write in place of a whitelist line that is no pattern: for each common mistake
 * a rule that recognises it and proposes what was meant, as far as possible.
 *
 * Advice names only valid patterns: a proposal that the list does not accept is dropped.
 *
 * Known limit: a range is written out as at most MAX_NETWORKS networks; there is no advice for lines of more
 * than MAX_LENGTH characters, which are no typing mistakes.
 */
import { isIPv4 } from 'node:net';
import { addresses, MAX_NETWORKS } from './address-advice.ts';

/** Tells whether a list accepts a pattern. */
export type IsPattern = (text: string) => boolean;

const MAX_LENGTH = 300;

/** @returns what to write, after a colon; empty if there is no advice */
export function adviceFor(pattern: string, isPattern: IsPattern): string {
  if (pattern.length > MAX_LENGTH) return '';
  const reason = ADVICE_REASONS.find(([isMade]) => isMade(pattern))?.[1];
  if (reason !== undefined) return `: ${reason}`;
  const several = separatePatterns(pattern).filter(isPattern);
  if (several.length > 1) return `: one pattern per line, write ${several.join(' and ')} on separate lines`;
  for (const rule of RULES) {
    const meant = rule(pattern).filter(isPattern);
    if (meant.length > MAX_NETWORKS)
      return `: write networks, ${meant.slice(0, MAX_NETWORKS).join(', ')} and so on, each on a separate line`;
    if (meant.length > 1) return `: write ${meant.join(', ')}, each on a separate line`;
    if (meant[0] !== undefined) return `: write ${meant[0]}`;
  }
  if (!/^[\w-]+(?:\.[\w-]+)*$/.test(pattern)) return '';
  return /[a-z][^.]*$/i.test(pattern)
    ? ': a label has at most 63 characters, and no - at its ends'
    : ': the last label of a name contains a letter';
}

function separatePatterns(pattern: string): string[] {
  return pattern.startsWith('/') ? [] : pattern.split(/[,;|]+/).map(bare);
}

/** Mistakes without a pattern to propose, or with one that needs the administrator's thought. */
const ADVICE_REASONS: readonly (readonly [isMade: (pattern: string) => boolean, reason: string])[] = [
  [
    (pattern) => pattern.startsWith('!'),
    'there are no exceptions; remove the line, and write narrower patterns',
  ],
  [(pattern) => /^[*.?@]+$/.test(pattern), 'no pattern matches everything; write domains or addresses'],
  [
    (pattern) => /^[\d.]+\/\d+$/.test(pattern) && Number(pattern.split('/')[1]) > 32,
    'an IPv4 prefix length is 0 to 32',
  ],
  [
    (pattern) =>
      /^[\da-f:.[\]]+\/\d+$/i.test(pattern) && pattern.includes(':') && Number(pattern.split('/')[1]) > 128,
    'an IPv6 prefix length is 0 to 128',
  ],
  [
    (pattern) =>
      /^\d+(\.\d+)*(\/\d+)?$/.test(pattern) && pattern.split(/[./]/).some((part) => Number(part) > 255),
    'the numbers of an IPv4 address are 0 to 255',
  ],
  [(pattern) => /^\d+(\.\d+){4,}$/.test(pattern), 'an IPv4 address has four numbers'],
];

/** Each rule returns what may have been meant; nothing if it does not know the mistake. */
const RULES: readonly ((pattern: string) => readonly string[])[] = [
  (pattern) => addresses(pattern),
  (pattern) => addresses(bare(pattern)),
  (pattern) => [bare(pattern)],
  (pattern) => addresses(withoutPort(bare(pattern))),
  (pattern) => [withoutPort(bare(pattern))],
  (pattern) => [withoutStars(bare(pattern))],
  withAddressInBrackets,
  wildcard,
  endOfName,
  unfinishedRegex,
];

/**
 * Strips what people put around a pattern: a scheme and a path, a mechanism of SPF, quotes, brackets, commas.
 */
function bare(pattern: string): string {
  return pattern
    .replace(/^"([^"]+)"@/, '$1@')
    .replace(/^(?:mailto:|i?p[46v]+:|ipv?6:|a:|mx:|include:)/i, '')
    .replace(/^[a-z]{3,6}:\/\/([^/]*).*$/i, '$1')
    .replace(/^["'`<(]+|["'`>),;:.\\/]+$/g, '')
    .replace(/\.(?=\.)/g, '')
    .replace(/@\.+/, '@');
}

function withoutPort(text: string): string {
  const [, inBrackets] = /^\[([^\]]*)\]:\d*$/.exec(text) ?? [];
  return inBrackets ?? text.replace(/^([^:]*):\d*$/, '$1');
}

/** Puts the address of `user@192.0.2.1` in brackets. */
function withAddressInBrackets(pattern: string): string[] {
  const [, user = '', address = ''] = /^([^@]+@)([\d.]+)$/.exec(pattern) ?? [];
  return isIPv4(address) ? [`${user}[${address}]`] : [];
}

/** Turns `-static.example.org`, which is no name, into a pattern for the end of names. */
function endOfName(pattern: string): string[] {
  return /^-[\w.-]+$/.test(pattern) ? [`/${pattern.replaceAll('.', '\\.')}$/`] : [];
}

/** Strips `*.example.org`, `.example.org`, `@example.org`, `*@example.org` to the domain. */
function withoutStars(text: string): string {
  return text.replace(/^(?:\*?@)?(?:\*?\.)*(?=[^.*]+(\.|$))/, '');
}

/** Turns other stars, as in `mx*.example.org` or `mail[1-9].example.org`, into a regular expression. */
function wildcard(pattern: string): string[] {
  if (pattern.startsWith('/') || !/[*?[]/.test(pattern)) return [];
  const source = pattern.replace(/[\\^$.|+(){}/]/g, '\\$&').replace(/[*?]/g, (sign) => WILDCARDS[sign] ?? '');
  return [`/^${source}$/`];
}

const WILDCARDS: Readonly<Record<string, string>> = { '*': '.*', '?': '.' };

/** Completes `/REGEX/i`, `/REGEX`, `REGEX/`, `~REGEX`, `REGEX`, if a character occurs only in these. */
function unfinishedRegex(pattern: string): string[] {
  const [, source = ''] = /^(?:regexp:|pcre:)?~?\/?(.+?)(?:\/[a-z]*)?$/i.exec(pattern) ?? [];
  return /[^/]/.test(source) && /^~?\/|^\^|\$$|\\/.test(pattern) ? [`/${source}/`] : [];
}
