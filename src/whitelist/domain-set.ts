/**
 * A set of domains, asked whether one of them is a given name or stands above it:
 * `example.com` holds `example.com` and `mail.example.com`, but not `badexample.com`.
 */
export class DomainSet {
  readonly #domains = new Set<string>();

  add(domain: string): void {
    this.#domains.add(domain.toLowerCase());
  }

  /** Upper and lower case are the same. An empty name is in no domain. */
  has(name: string): boolean {
    let rest = name.toLowerCase();
    while (rest !== '') {
      if (this.#domains.has(rest)) return true;
      const dot = rest.indexOf('.');
      if (dot === -1) return false;
      rest = rest.slice(dot + 1);
    }
    return false;
  }
}
