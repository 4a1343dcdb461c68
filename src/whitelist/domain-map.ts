/**
 * A map from domains to values, looked up by a name that is the domain or below it:
 * `example.com` holds `example.com` and `mail.example.com`, but not `badexample.com`.
 *
 * Upper and lower case are the same, and so are `müller.example` and `xn--mller-kva.example`.
 */
import { comparableName } from '../address/host-name.ts';

export class DomainMap<Value> {
  readonly #domains = new Map<string, Value>();

  /** Adds a domain; if it is there already, the first value stays. */
  add(domain: string, value: Value): void {
    const name = comparableName(domain);
    if (!this.#domains.has(name)) this.#domains.set(name, value);
  }

  /** Returns the value of the domain of a name; an empty name is in no domain. */
  find(name: string): Value | undefined {
    for (const value of this.all(name)) return value;
    return undefined;
  }

  /** Returns the values of all domains of a name, the longest first. */
  *all(name: string): Generator<Value, void> {
    let rest = comparableName(name);
    while (rest !== '') {
      const value = this.#domains.get(rest);
      if (value !== undefined) yield value;
      const dot = rest.indexOf('.');
      if (dot === -1) return;
      rest = rest.slice(dot + 1);
    }
  }
}
