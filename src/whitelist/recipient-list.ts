/**
 * The recipient whitelist: recipients whose mail is never greylisted.
 *
 *   /REGEX/        a regular expression on the whole address (see perl-regex)
 *   user@domain    this address and user+anything@domain
 *   user@          user and user+anything at any domain
 *   domain         every address at this domain and below it; [192.0.2.1] too
 *
 * Upper and lower case are the same in all of them.
 */
import { DomainSet } from './domain-set.ts';
import { isDomain, regexSource } from './pattern.ts';
import { compilePerlRegex, type PerlRegex } from './perl-regex.ts';

export class RecipientList {
  /** Patterns that were added. */
  size = 0;
  readonly #regexes: PerlRegex[] = [];
  /** `user@domain` and `user@`, in lower case. */
  readonly #addresses = new Set<string>();
  readonly #domains = new DomainSet();

  /** @throws with the reason in one line if the pattern is none of the above */
  add(pattern: string): void {
    const regex = regexSource(pattern);
    if (regex !== undefined) this.#regexes.push(compilePerlRegex(regex));
    else if (/^[^@]+@[^@]*$/.test(pattern)) this.#addresses.add(pattern.toLowerCase());
    else if (isDomain(pattern) || /^\[[\w.:]+\]$/.test(pattern)) this.#domains.add(pattern);
    else throw new Error('no address, user@, domain or /regex/');
    this.size += 1;
  }

  has(recipient: string): boolean {
    return (
      this.#hasAddress(recipient.toLowerCase()) || this.#regexes.some((regex) => regex.matches(recipient))
    );
  }

  /** An `@` in the local part (`"a@b"@domain`) comes here unquoted: users end at the first, domains begin at the last. */
  #hasAddress(recipient: string): boolean {
    const at = recipient.indexOf('@');
    if (at === -1) return false;
    if (this.#domains.has(recipient.slice(recipient.lastIndexOf('@') + 1))) return true;
    const rest = recipient.slice(at);
    return usersOf(recipient.slice(0, at)).some(
      (user) => this.#addresses.has(user + rest) || this.#addresses.has(`${user}@`),
    );
  }
}

/** The local part itself and what stands before each `+` and something: `a+b+c`, `a`, `a+b`. */
function usersOf(local: string): string[] {
  if (!local.includes('+')) return [local];
  const plusses = [...local.matchAll(/\+(?=.)/g)];
  return [local, ...plusses.map(({ index }) => local.slice(0, index))];
}
