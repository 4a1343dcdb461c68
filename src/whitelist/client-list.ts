/**
 * The client whitelist: hosts that are never greylisted, by name, address or network.
 *
 *   /REGEX/                a regular expression on the client name (see perl-regex)
 *   a.b.c.d[/nn]           an IPv4 address or network
 *   a.b.c  a.b             the IPv4 networks a.b.c.0/24 and a.b.0.0/16
 *   IPv6[/nn]  [IPv6]      an IPv6 address or network
 *   domain                 a host name and all names below it
 *
 * Known limit: postgrey reads `a.b` as /24; greyd does what postgrey's manual says.
 */
import type { IpAddress } from '../address/ip.ts';
import { NetworkMap, parseNetwork } from '../address/network-map.ts';
import { DomainMap } from './domain-map.ts';
import { isDomain, regexSource } from './pattern.ts';
import { compilePerlRegex, type PerlRegex } from './perl-regex.ts';
import type { WhitelistLine } from './whitelist-file.ts';

export class ClientList {
  /** Patterns that were added. */
  size = 0;
  readonly #regexes: { readonly regex: PerlRegex; readonly line: WhitelistLine }[] = [];
  readonly #networks = new NetworkMap<WhitelistLine>();
  readonly #domains = new DomainMap<WhitelistLine>();

  /** @throws with the reason in one line if its pattern is none of the above */
  add(line: WhitelistLine): void {
    const { pattern } = line;
    const regex = regexSource(pattern);
    const network = parseNetwork(completeNetwork(pattern));
    if (regex !== undefined) this.#regexes.push({ regex: compilePerlRegex(regex), line });
    else if (network !== undefined) this.#networks.add(network, line);
    else if (isDomain(pattern)) this.#domains.add(pattern, line);
    else throw new Error('no host name, IP address, network or /regex/');
    this.size += 1;
  }

  /** The line that holds a name, if there is one. */
  findName(clientName: string): WhitelistLine | undefined {
    return (
      this.#domains.find(clientName) ?? this.#regexes.find(({ regex }) => regex.matches(clientName))?.line
    );
  }

  /** A line that holds an address, if there is one. */
  findAddress(client: IpAddress): WhitelistLine | undefined {
    return this.#networks.find(client);
  }
}

/** `a.b.c` and `a.b` as the networks they stand for, `[IPv6]` without brackets; others as they are. */
function completeNetwork(pattern: string): string {
  if (/^\d{1,3}(\.\d{1,3}){2}$/.test(pattern)) return `${pattern}.0/24`;
  if (/^\d{1,3}\.\d{1,3}$/.test(pattern)) return `${pattern}.0.0/16`;
  return pattern.replace(/^\[(.*)\]$/, '$1');
}
