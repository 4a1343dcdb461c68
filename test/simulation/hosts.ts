/**
 * The hosts that a mail may leave from. A pool has networks, a network has hosts, and each attempt of a mail may come from
 * another one; a single host is a pool of one.
 *
 * Known limit: all addresses are IPv4, and a host has one name for all time.
 */
import { below, pick, type Random } from './random.ts';

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
  /** Three octets, from which the networks are counted up. */
  readonly firstNetwork: string;
  /**
   * {region} in letters; {network} in the region and {host} in the network, from 0; {a} to {d}: the octets of the
   * address.
   */
  readonly hostNames: string;
}

/** Host numbers begin here: lower ones are routers and name servers. */
const FIRST_HOST = 20;

export class HostPool {
  readonly #form: PoolForm;
  /** By region, network and number. */
  readonly #hosts: readonly (readonly Host[])[];

  /** @param isConfirmed decides for each host whether it has a confirmed name */
  constructor(form: PoolForm, isConfirmed: () => boolean) {
    this.#form = form;
    // All hosts at once, for all rules alike.
    const { regions, networks, hostsPerNetwork } = form;
    this.#hosts = Array.from({ length: regions }, (_, region) =>
      Array.from({ length: networks * hostsPerNetwork }, (_, n) => {
        const [network, host] = [Math.floor(n / hostsPerNetwork), n % hostsPerNetwork];
        const address = addressIn(form.firstNetwork, region * networks + network, FIRST_HOST + host);
        return {
          address,
          name: isConfirmed() ? nameOf(form.hostNames, { region, network, host }, address) : 'unknown',
        };
      }),
    );
  }

  /** Returns the route of one sender's mail. */
  route(random: Random): Route {
    const { stay } = this.#form;
    const hosts = pick(this.#hosts, random);
    return {
      first: (mail) => pick(hosts, mail),
      next: (before, mail) => (mail() < stay ? before : pick(hosts, mail)),
    };
  }
}

function addressIn(firstNetwork: string, network: number, host: number): string {
  const [a = 0, b = 0, c = 0] = firstNetwork.split('.').map(Number);
  return `${a}.${b + Math.floor((c + network) / 256)}.${(c + network) % 256}.${host}`;
}

function nameOf(
  hostNames: string,
  { region, network, host }: { region: number; network: number; host: number },
  address: string,
): string {
  const [a, b, c, d] = address.split('.');
  const letters = String.fromCharCode(97 + Math.floor(region / 26), 97 + (region % 26));
  const parts: Readonly<Record<string, unknown>> = { region: letters, network, host, a, b, c, d };
  return hostNames.replace(/\{(\w+)\}/g, (_, part: string) => String(parts[part]));
}

export function singleHost(host: Host): Route {
  return { first: () => host, next: () => host };
}

/** Returns an address that nobody else has, as long as there are not too many. */
export function anyAddress(firstOctets: readonly number[], random: Random): string {
  const first = firstOctets[below(firstOctets.length, random)];
  return `${first}.${below(256, random)}.${below(256, random)}.${1 + below(254, random)}`;
}
