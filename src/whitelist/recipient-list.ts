/**
 * The recipient whitelist: recipients whose mail is never greylisted.
 *
 *   /REGEX/        a regular expression on the whole address (see perl-regex)
 *   user@domain    this address and user+anything@domain
 *   user@          user and user+anything at any domain
 *   domain         every address at this domain and below it; [192.0.2.1] too
 *
 * Case does not matter, and both forms of a domain are the same, `müller.example` and
 * `xn--mller-kva.example`. A pattern that cannot match is refused with a reason: an address with an invalid
 * domain.
 */
import { withComparableDomain } from '../address/host-name.ts';
import { addresses } from './address-advice.ts';
import { adviceFor } from './advice.ts';
import { DomainMap } from './domain-map.ts';
import { isDomain, regexSource } from './pattern.ts';
import { compilePerlRegex, type PerlRegex } from './perl-regex.ts';
import type { WhitelistLine } from './whitelist-file.ts';

export class RecipientList {
  /** The number of patterns. */
  size = 0;
  readonly #regexes: { readonly regex: PerlRegex; readonly line: WhitelistLine }[] = [];
  /** `user@domain` and `user@`, in lower case. */
  readonly #addresses = new Map<string, WhitelistLine>();
  readonly #domains = new DomainMap<WhitelistLine>();

  /** @throws with the reason in one line if its pattern is none of the above */
  add(line: WhitelistLine): void {
    if (!this.#take(line)) throw new Error(recipientRefusal(line.pattern));
    this.size += 1;
  }

  /** Tells whether a list accepts this pattern. */
  static takes(pattern: string): boolean {
    try {
      return new RecipientList().#take({ file: '', number: 0, pattern });
    } catch {
      return false;
    }
  }

  /** @throws if it is a regular expression that cannot be used */
  #take(line: WhitelistLine): boolean {
    const { pattern } = line;
    const regex = regexSource(pattern);
    if (regex !== undefined) this.#regexes.push({ regex: compilePerlRegex(regex), line });
    else if (isAddress(pattern)) this.#addAddress(comparableAddress(pattern), line);
    else if (isAnyDomain(pattern)) this.#domains.add(pattern, line);
    else return false;
    return true;
  }

  /** Returns a line that matches a recipient, if there is one. */
  find(recipient: string): WhitelistLine | undefined {
    if (this.size === 0) return undefined;
    for (const line of this.all(recipient)) return line;
    return undefined;
  }

  /** Returns all lines that match a recipient: domains, addresses, then expressions. */
  *all(recipient: string): Generator<WhitelistLine, void> {
    yield* this.#ofAddress(comparableAddress(recipient));
    for (const { regex, line } of this.#regexes) if (regex.matches(recipient)) yield line;
  }

  /** Adds an address; if it is there already, the first line stays. */
  #addAddress(address: string, line: WhitelistLine): void {
    if (!this.#addresses.has(address)) this.#addresses.set(address, line);
  }

  /**
   * An `@` in the local part (`"a@b"@domain`) comes here unquoted: a user ends at the first `@`, a domain
   * begins at the last.
   */
  *#ofAddress(recipient: string): Generator<WhitelistLine, void> {
    const at = recipient.indexOf('@');
    if (at === -1) return;
    yield* this.#domains.all(recipient.slice(recipient.lastIndexOf('@') + 1));
    const rest = recipient.slice(at);
    for (const user of usersOf(recipient.slice(0, at))) {
      const lines = [this.#addresses.get(user + rest), this.#addresses.get(`${user}@`)];
      for (const line of lines) if (line !== undefined) yield line;
    }
  }
}

function comparableAddress(address: string): string {
  return withComparableDomain(address).toLowerCase();
}

/** Tells whether a text is a domain, or an address in brackets in its place. */
function isAnyDomain(text: string): boolean {
  return isDomain(text) || /^\[[\w.:]+\]$/.test(text);
}

/**
 * Tells whether a pattern is `user@domain` or `user@`; no user begins or ends with a star or quotes: requests
 * have them without.
 */
function isAddress(pattern: string): boolean {
  const [, user = '', domain = ''] = /^([^@]+)@([^@]*)$/.exec(pattern) ?? [];
  return user !== '' && !/^[*"<]|^mailto:|[*"]$/i.test(user) && (domain === '' || isAnyDomain(domain));
}

/** Returns why a pattern is refused, and what to write. */
function recipientRefusal(pattern: string): string {
  if (addresses(pattern).length > 0) return 'an IP address or network: write it into the list of clients';
  return `no address, user@, domain or /regex/${adviceFor(pattern, RecipientList.takes)}`;
}

/** Returns the local part and its beginnings before each non-empty `+` suffix: `a+b+c`, `a`, `a+b`. */
function usersOf(local: string): string[] {
  if (!local.includes('+')) return [local];
  const plusses = [...local.matchAll(/\+(?=.)/g)];
  return [local, ...plusses.map(({ index }) => local.slice(0, index))];
}
