/**
 * What to write in place of a line of a whitelist that is no pattern: for each mistake that people make,
 * a rule that knows it and says what was meant, as far as that can be told.
 *
 * A pattern that is named here is one: a rule proposes, and only what the list takes is told.
 *
 * Known limit: of ranges, at most MAX_NETWORKS networks are written out; no advice for lines of more
 * than MAX_LENGTH characters, which are no slip of the pen.
 */
import { isIPv4 } from 'node:net';
import { addresses, MAX_NETWORKS } from './address-advice.ts';

/** Whether a list takes a pattern. */
export type IsPattern = (text: string) => boolean;

const MAX_LENGTH = 300;

/** @returns what to write, behind a colon; empty if nobody knows what was meant */
export function adviceFor(pattern: string, isPattern: IsPattern): string {
  if (pattern.length > MAX_LENGTH) return '';
  const reason = REASONS.find(([isMade]) => isMade(pattern))?.[1];
  if (reason !== undefined) return `: ${reason}`;
  const several = separatePatterns(pattern).filter(isPattern);
  if (several.length > 1) return `: one pattern a line, write ${several.join(' and ')} on lines of their own`;
  for (const rule of RULES) {
    const meant = rule(pattern).filter(isPattern);
    if (meant.length > MAX_NETWORKS)
      return `: write networks, ${meant.slice(0, MAX_NETWORKS).join(', ')} and so on, each on a line of its own`;
    if (meant.length > 1) return `: write ${meant.join(', ')}, each on a line of its own`;
    if (meant[0] !== undefined) return `: write ${meant[0]}`;
  }
  if (!/^[\w-]+(?:\.[\w-]+)*$/.test(pattern)) return '';
  return /[a-z][^.]*$/i.test(pattern)
    ? ': labels have at most 63 characters, and no - at their ends'
    : ': the last label of a name has a letter in it';
}

function separatePatterns(pattern: string): string[] {
  return pattern.startsWith('/') ? [] : pattern.split(/[,;|]+/).map(bare);
}

/** Mistakes that no pattern mends, or that nobody should mend without a thought. */
const REASONS: readonly (readonly [isMade: (pattern: string) => boolean, reason: string])[] = [
  [
    (pattern) => pattern.startsWith('!'),
    'there are no exceptions; leave the line out, and write narrower patterns',
  ],
  [(pattern) => /^[*.?@]+$/.test(pattern), 'no pattern is for everybody; write domains or addresses'],
  [
    (pattern) => /^[\d.]+\/\d+$/.test(pattern) && Number(pattern.split('/')[1]) > 32,
    'networks of IPv4 have 0 to 32 bits',
  ],
  [
    (pattern) =>
      /^[\da-f:.[\]]+\/\d+$/i.test(pattern) && pattern.includes(':') && Number(pattern.split('/')[1]) > 128,
    'networks of IPv6 have 0 to 128 bits',
  ],
  [
    (pattern) =>
      /^\d+(\.\d+)*(\/\d+)?$/.test(pattern) && pattern.split(/[./]/).some((part) => Number(part) > 255),
    'the numbers of an IPv4 address are 0 to 255',
  ],
  [(pattern) => /^\d+(\.\d+){4,}$/.test(pattern), 'an IPv4 address has four numbers'],
];

/** Each gives what may have been meant; nothing if it does not know the mistake. */
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

/** Without what people put around a pattern: a scheme and a path, a mechanism of SPF, quotes, brackets, commas. */
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

/** `user@192.0.2.1`. */
function withAddressInBrackets(pattern: string): string[] {
  const [, user = '', address = ''] = /^([^@]+@)([\d.]+)$/.exec(pattern) ?? [];
  return isIPv4(address) ? [`${user}[${address}]`] : [];
}

/** `-static.example.org`, of which nobody is called, for the end of names. */
function endOfName(pattern: string): string[] {
  return /^-[\w.-]+$/.test(pattern) ? [`/${pattern.replaceAll('.', '\\.')}$/`] : [];
}

/** `*.example.org`, `.example.org`, `@example.org`, `*@example.org`: all below a domain. */
function withoutStars(text: string): string {
  return text.replace(/^(?:\*?@)?(?:\*?\.)*(?=[^.*]+(\.|$))/, '');
}

/** Other stars, as `mx*.example.org` or `mail[1-9].example.org`, as a regular expression. */
function wildcard(pattern: string): string[] {
  if (pattern.startsWith('/') || !/[*?[]/.test(pattern)) return [];
  const source = pattern.replace(/[\\^$.|+(){}/]/g, '\\$&').replace(/[*?]/g, (sign) => WILDCARDS[sign] ?? '');
  return [`/^${source}$/`];
}

const WILDCARDS: Readonly<Record<string, string>> = { '*': '.*', '?': '.' };

/** `/REGEX/i`, `/REGEX`, `REGEX/`, `~REGEX`, `REGEX`: whatever has a sign in it that only these have. */
function unfinishedRegex(pattern: string): string[] {
  const [, source = ''] = /^(?:regexp:|pcre:)?~?\/?(.+?)(?:\/[a-z]*)?$/i.exec(pattern) ?? [];
  return /[^/]/.test(source) && /^~?\/|^\^|\$$|\\/.test(pattern) ? [`/${source}/`] : [];
}
