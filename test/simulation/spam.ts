/**
 * Spam, by what its sender does when it is deferred.
 *
 *   never      bots that try once
 *   minute     bots that try again, one to three times, within a minute
 *   patient    bots that try again from 5 to 10 minutes on, for an hour
 *   snowshoe   own domains and hosts, set up as they should be
 *   host       compromised hosts, which send as their owner's mail server does
 *   account    compromised accounts, whose mail leaves as all of their platform's does
 *
 * Most bots write any sender's address; some the recipient's own, and some are part of a campaign, whose mail of a day has
 * one sender. Each mail comes from any bot, also a second one for the same recipient.
 */
import { DAY, MINUTE } from '../../src/time/units.ts';
import { newBot } from './bot-names.ts';
import { anyAddress, type Host, type Route, singleHost } from './hosts.ts';
import type { Mail } from './mail.ts';
import { newDomain, type Organization } from './organizations.ts';
import { below, pick, pickByShare, type Random, streamOf, word } from './random.ts';
import { SCHEDULES, type Schedule } from './schedules.ts';
import type { World } from './world.ts';

export type SpamKind = 'never' | 'minute' | 'patient' | 'snowshoe' | 'host' | 'account';

const once: Schedule = function* () {};

const withinMinute: Schedule = function* (random) {
  const times = 1 + below(3, random);
  for (let time = 1; time <= times; time += 1) yield Math.round((60 * (time - random() / 2)) / times);
};

const forAnHour: Schedule = function* (random) {
  const interval = (5 + 5 * random()) * MINUTE;
  for (let age = interval; age <= 60 * MINUTE; age += interval) yield Math.round(age);
};

const BOT_SCHEDULES = { never: once, minute: withinMinute, patient: forAnHour };

type Origin = Pick<Mail, 'sender' | 'route' | 'schedule' | 'spfPass'>;

/** Days' campaigns, each with a sender of its own. */
const CAMPAIGNS = 5;

export class Spammers {
  readonly #world: World;
  /** A bot does the same with all its mail. */
  readonly #bots: Readonly<Record<keyof typeof BOT_SCHEDULES, readonly Host[]>>;
  readonly #snowshoe: readonly { readonly domain: string; readonly hosts: readonly Host[] }[];
  readonly #hosts: readonly Organization[];
  readonly #account: (random: Random) => Origin;

  /** @param account a mail of a person whose account is somebody else's now */
  constructor(world: World, random: Random, account: (random: Random) => Origin) {
    this.#world = world;
    this.#account = account;
    const list = <T>(length: number, make: () => T) => Array.from({ length }, make);
    const { never, minute, patient } = world.spam;
    const bots = (share: number) =>
      list(Math.max(1, Math.round((world.bots * share) / (never + minute + patient))), () =>
        newBot(world, random),
      );
    this.#bots = { never: bots(never), minute: bots(minute), patient: bots(patient) };
    this.#snowshoe = list(world.snowshoeDomains, () => newSnowshoe(random));
    this.#hosts = list(world.compromisedHosts, () => newCompromised(random));
  }

  mail(message: number, at: number, recipient: string, random: Random): Mail {
    const spam = pickByShare(this.#world.spam, random);
    return { message, at, recipient, is: { spam }, ...this.#origin(spam, at, recipient, random) };
  }

  #origin(spam: SpamKind, at: number, recipient: string, random: Random): Origin {
    switch (spam) {
      case 'account':
        return this.#account(random);
      case 'host': {
        const { domain, route, schedule } = pick(this.#hosts, random);
        return { sender: `${word(2, random)}@${domain}`, route, schedule, spfPass: true };
      }
      case 'snowshoe': {
        const { domain, hosts } = pick(this.#snowshoe, random);
        const route = singleHost(pick(hosts, random));
        return { sender: `news@${domain}`, route, schedule: SCHEDULES.postfix, spfPass: true };
      }
      default: {
        const route: Route = singleHost(pick(this.#bots[spam], random));
        const sender = this.#botSender(at, recipient, random);
        return { sender, route, schedule: BOT_SCHEDULES[spam], spfPass: false };
      }
    }
  }

  #botSender(at: number, recipient: string, random: Random): string {
    const { seed, ownName, campaigns } = this.#world;
    const kind = random();
    if (kind < ownName) return recipient;
    if (kind >= ownName + campaigns) return `${word(3, random)}@${newDomain(random)}`;
    const campaign = streamOf(seed, Math.floor(at / DAY) * CAMPAIGNS + below(CAMPAIGNS, random));
    return `${word(3, campaign)}@${newDomain(campaign)}`;
  }
}

/** Eight hosts in a network. */
function newSnowshoe(random: Random) {
  const domain = newDomain(random);
  const network = anyAddress([45, 104, 185], random).replace(/\.\d+$/, '');
  const hosts = Array.from({ length: 8 }, (_, n) => ({
    address: `${network}.${10 + n}`,
    name: `mta${'abcdefgh'[n]}.${domain}`,
  }));
  return { domain, hosts };
}

function newCompromised(random: Random): Organization {
  const domain = newDomain(random);
  const host = {
    name: `${pick(['mail', 'www', 'server', 'web'], random)}.${domain}`,
    address: anyAddress([52, 54], random),
  };
  return { domain, route: singleHost(host), schedule: SCHEDULES.postfix, hasSpf: true };
}
