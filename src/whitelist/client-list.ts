/**
 * The client whitelist: hosts that are never greylisted, by name, address or network.
 *
 *   /REGEX/                a regular expression on the client name (see perl-regex)
 *   a.b.c.d[/nn]           an IPv4 address or network
 *   a.b.c  a.b             the IPv4 networks a.b.c.0/24 and a.b.0.0/16
 *   IPv6[/nn]  [IPv6]      an IPv6 address or network
 *   domain                 a host name and all names below it
 *
 * A pattern that cannot match is refused with a reason: IPv4 inside IPv6 (`::ffff:192.0.2.1`), which mail servers
 * write as IPv4; domains that no host name can be in; expressions with a character that is in no name.
 *
 * Known limit: postgrey reads `a.b` as /24; greyd does what postgrey's manual says.
 */
import type { IpAddress } from '../address/ip.ts';
import { NetworkMap, parseNetwork } from '../address/network-map.ts';
import { holdsIpv4Only } from './address-advice.ts';
import { adviceFor } from './advice.ts';
import { DomainMap } from './domain-map.ts';
import { isHostDomain, regexSource } from './pattern.ts';
import { compilePerlRegex, type PerlRegex } from './perl-regex.ts';
import type { WhitelistLine } from './whitelist-file.ts';

export class ClientList {
  /** The number of patterns. */
  size = 0;
  readonly #regexes: { readonly regex: PerlRegex; readonly line: WhitelistLine }[] = [];
  readonly #networks = new NetworkMap<WhitelistLine>();
  readonly #domains = new DomainMap<WhitelistLine>();

  /** @throws with the reason in one line if its pattern is none of the above */
  add(line: WhitelistLine): void {
    if (!this.#take(line)) throw new Error(refusal(line.pattern));
    this.size += 1;
  }

  /** Tells whether a list accepts this pattern. */
  static takes(pattern: string): boolean {
    try {
      return new ClientList().#take({ file: '', number: 0, pattern });
    } catch {
      return false;
    }
  }

  /** @throws if it is a regular expression that cannot be used */
  #take(line: WhitelistLine): boolean {
    const { pattern } = line;
    const regex = regexSource(pattern);
    const network = parseNetwork(completeNetwork(pattern));
    if (regex !== undefined) this.#regexes.push({ regex: compilePerlRegex(requireName(regex)), line });
    else if (network !== undefined && !holdsIpv4Only(network)) this.#networks.add(network, line);
    else if (isHostDomain(pattern)) this.#domains.add(pattern, line);
    else return false;
    return true;
  }

  /** Returns the line that matches a client, if there is one: its name first, then its address. */
  find(clientName: string, client: IpAddress): WhitelistLine | undefined {
    return this.size === 0 ? undefined : (this.findName(clientName) ?? this.findAddress(client));
  }

  /** Returns the line that matches a name, if there is one. */
  findName(clientName: string): WhitelistLine | undefined {
    return (
      this.#domains.find(clientName) ?? this.#regexes.find(({ regex }) => regex.matches(clientName))?.line
    );
  }

  /** Returns a line that holds an address, if there is one. */
  findAddress(client: IpAddress): WhitelistLine | undefined {
    return this.#networks.find(client);
  }
}

/** Returns why a pattern is refused, and what to write. */
function refusal(pattern: string): string {
  if (/^[^/@]+@[^/@]*$/.test(pattern))
    return 'a mail address: this list holds names and IP addresses of clients; recipients have their own list';
  return `no host name, IP address, network or /regex/${adviceFor(pattern, ClientList.takes)}`;
}

/** Characters that an expression matches literally and that are in no host name. */
const IN_NO_NAME = /^[^|([]*[@:](?![?*{])/;
/** An expression of digits and dots from beginning to end. */
const ADDRESS_ALONE = /^\^(?:\d|\\\.|\\d|\[0-9\]|[+?]|\{[\d,]+\})+\$$/;

/** @throws if the expression can match no name */
function requireName(source: string): string {
  const isOfNoName = (IN_NO_NAME.test(source) && !/[|([]/.test(source)) || ADDRESS_ALONE.test(source);
  if (!isOfNoName) return source;
  throw new Error(
    'expressions are matched against client names, and none matches this: write IP addresses and networks without //',
  );
}

/** Returns `a.b.c` and `a.b` as the networks they stand for, `[IPv6]` without brackets; others unchanged. */
function completeNetwork(pattern: string): string {
  if (/^\d{1,3}(\.\d{1,3}){2}$/.test(pattern)) return `${pattern}.0/24`;
  if (/^\d{1,3}\.\d{1,3}$/.test(pattern)) return `${pattern}.0.0/16`;
  return pattern.replace(/^\[(.*)\]$/, '$1');
}
