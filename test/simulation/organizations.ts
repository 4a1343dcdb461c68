/**
 * Organizations, customers of a platform or with a mail host of their own; and their hosts.
 */
import { anyAddress, HostPool, type PoolForm, type Route, singleHost } from './hosts.ts';
import type { Platform } from './platforms.ts';
import { below, pick, pickWeighted, type Random, word } from './random.ts';
import { MTA_SCHEDULES, type Schedule } from './schedules.ts';
import type { World } from './world.ts';

export interface Organization {
  readonly domain: string;
  readonly route: Route;
  readonly schedule: Schedule;
  readonly hasSpf: boolean;
}

/** Networks that an organization with a pool of its own has at most. */
const NETWORKS_OF_ONE = 16;

/** First octets of the addresses of single hosts. */
const SINGLE_NETWORKS = [5, 46, 51, 62];

/** All organizations of one platform, old ones and new ones. */
export class Organizations {
  readonly #platform: Platform;
  readonly #world: World;
  readonly #random: Random;
  readonly #pool: HostPool | undefined;
  readonly #known: Organization[] = [];

  constructor(platform: Platform, world: World, random: Random) {
    this.#platform = platform;
    this.#world = world;
    this.#random = random;
    if (platform.pool !== undefined && !platform.isDedicated)
      this.#pool = new HostPool(scaled(platform.pool, world), () => random() < world.confirmedPool);
  }

  /** Returns the sender of a first mail. */
  ofFirstMail(): Organization {
    if (this.#known.length > 0 && this.#random() >= this.#world.newOrganizations)
      return pick(this.#known, this.#random);
    const organization = this.#new();
    this.#known.push(organization);
    return organization;
  }

  #new(): Organization {
    const random = this.#random;
    const domain = this.#platform.domain ?? newDomain(random);
    const hasSpf = random() < this.#world.spf;
    const { pool, schedule, isDedicated } = this.#platform;
    if (pool === undefined || schedule === undefined) {
      const [, , own] = pickWeighted(MTA_SCHEDULES, ([, share]) => share, random);
      return { domain, hasSpf, schedule: own, route: this.#singleHost(domain) };
    }
    if (!isDedicated) return { domain, hasSpf, schedule, route: (this.#pool as HostPool).route(random) };
    const number = this.#known.length * NETWORKS_OF_ONE;
    const own = new HostPool(
      {
        ...scaled(pool, this.#world),
        firstNetwork: pool.firstNetwork.replace('.0.0', `.${number >> 8}.${number % 256}`),
        hostNames: `${pool.hostNames}.${domain}`,
      },
      () => random() < this.#world.confirmedPool,
    );
    return { domain, hasSpf, schedule, route: own.route(random) };
  }

  /** One without a confirmed proper name has none, or that of a rented machine. */
  #singleHost(domain: string): Route {
    const random = this.#random;
    const address = anyAddress(SINGLE_NETWORKS, random);
    if (random() < this.#world.confirmedSingle)
      return singleHost({ address, name: `${pick(SINGLE_NAMES, random)}.${domain}` });
    const rented = `static-${address.replaceAll('.', '-')}.rent-${'abcd'[below(4, random)]}.example`;
    return singleHost({ address, name: random() < 0.5 ? 'unknown' : rented });
  }
}

function scaled(form: PoolForm, { poolScale }: World): PoolForm {
  return { ...form, networks: Math.max(1, Math.round(form.networks * poolScale)) };
}

const SINGLE_NAMES = 'mail mail mail mx smtp mx1 mail2 mta relay server www zeus'.split(' ');

/** A domain that nobody else has. */
export function newDomain(random: Random): string {
  return `${word(4, random)}.example`;
}
