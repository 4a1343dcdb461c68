/**
 * The hosts that a mail may leave from. A pool has networks, a network has hosts, and each attempt of a mail may come from
 * another one; a single host is a pool of one.
 *
 * Known limit: all addresses are IPv4, and a host has one name for all time.
 */
import { below, type Random } from './random.ts';

export interface Host {
  /** The confirmed host name as Postfix has it, or `unknown`. */
  readonly name: string;
  readonly address: string;
}

/** Says from which host each attempt of a mail comes. */
export interface Route {
  first(random: Random): Host;
  next(before: Host, random: Random): Host;
}

export interface PoolForm {
  /** Parts of the pool that share nothing; a sender belongs to one. */
  readonly regions: number;
  /** The number of /24 networks in a region. */
  readonly networks: number;
  readonly hostsPerNetwork: number;
  /** The chance that the next attempt comes from the same host as the last one. */
  readonly stay: number;
  /** The first three octets of network number n. */
  readonly network: (n: number) => string;
  readonly hostName: (network: number, host: number, address: string) => string;
}

/** Host numbers begin here: lower ones are routers and name servers. */
const FIRST_HOST = 20;

export class HostPool {
  readonly #form: PoolForm;
  /** By network and number. */
  readonly #hosts = new Map<string, Host>();

  /** @param isConfirmed decides for each host whether it has a confirmed name */
  constructor(form: PoolForm, isConfirmed: () => boolean) {
    this.#form = form;
    // All hosts at once, for all rules alike.
    for (let network = 0; network < form.regions * form.networks; network += 1) {
      for (let host = 0; host < form.hostsPerNetwork; host += 1) {
        const address = `${form.network(network)}.${FIRST_HOST + host}`;
        const name = isConfirmed() ? form.hostName(network, host, address) : 'unknown';
        this.#hosts.set(`${network} ${host}`, { name, address });
      }
    }
  }

  /** Returns the route of one sender's mail. */
  route(random: Random): Route {
    const { regions, stay } = this.#form;
    const region = below(regions, random);
    const any = (mail: Random) => this.#any(region, mail);
    return { first: any, next: (before, mail) => (mail() < stay ? before : any(mail)) };
  }

  #any(region: number, random: Random): Host {
    const { networks, hostsPerNetwork } = this.#form;
    const network = region * networks + below(networks, random);
    const host = this.#hosts.get(`${network} ${below(hostsPerNetwork, random)}`);
    if (host === undefined) throw new Error('the pool has no such host');
    return host;
  }
}

export function singleHost(host: Host): Route {
  return { first: () => host, next: () => host };
}

/** Returns an address that nobody else has, as long as there are not too many. */
export function anyAddress(firstOctets: readonly number[], random: Random): string {
  const first = firstOctets[below(firstOctets.length, random)];
  return `${first}.${below(256, random)}.${below(256, random)}.${1 + below(254, random)}`;
}
