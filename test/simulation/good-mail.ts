/**
 * Good mail: first contacts, and mail that goes on where there was some before. Who has had much mail gets more.
 */
import { DAY, MINUTE } from '../../src/time/units.ts';
import type { Mail, Outgoing } from './mail.ts';
import { type Organization, Organizations } from './organizations.ts';
import type { Platform } from './platforms.ts';
import { pick, pickWeighted, type Random, word } from './random.ts';
import type { World } from './world.ts';

/** Somebody who sends mail to one of us. */
interface Pair {
  readonly from: string;
  readonly recipient: string;
  readonly organization: Organization;
}

interface Sending {
  readonly platform: Platform;
  readonly organizations: Organizations;
  /** One for each mail until now. */
  readonly pairs: Pair[];
}

export class Correspondents {
  readonly #world: World;
  readonly #sendings: readonly Sending[];
  readonly #recipients: readonly string[];

  constructor(world: World, recipients: readonly string[], random: Random) {
    this.#world = world;
    this.#recipients = recipients;
    this.#sendings = world.platforms.map((platform) => ({
      platform,
      organizations: new Organizations(platform, world, random),
      pairs: [],
    }));
  }

  /** @param begin of the simulation, before which nothing is sent */
  mail(message: number, at: number, begin: number, random: Random): Mail {
    const { platform, organizations, pairs } = pickWeighted(
      this.#sendings,
      (sending) => sending.platform.share,
      random,
    );
    const isFirst = pairs.length === 0 || random() < this.#world.firstContacts;
    const pair = isFirst ? this.#newPair(organizations, random) : pick(pairs, random);
    pairs.push(pair);
    const { from, recipient, organization } = pair;
    const isAnswer = isFirst && platform.sends === 'people' && random() < this.#world.answers;
    return {
      ...{ message, at, recipient, route: organization.route, schedule: organization.schedule },
      spfPass: organization.hasSpf,
      sender: platform.sender({ from, recipient, at }, random),
      is: { platform: platform.name, sends: platform.sends, isFirst },
      ...(isAnswer && { answers: before({ from, recipient, at }, begin, random) }),
    };
  }

  /** Returns a person's mail, for whoever has his account now. */
  ofAnyPerson(random: Random): Pick<Mail, 'sender' | 'route' | 'schedule' | 'spfPass'> {
    const people = this.#sendings.filter(({ platform }) => platform.sends === 'people');
    const { organizations } = pickWeighted(people, ({ platform }) => platform.share, random);
    const { domain, route, schedule, hasSpf } = organizations.ofFirstMail();
    return { sender: `${word(2, random)}.${word(3, random)}@${domain}`, route, schedule, spfPass: hasSpf };
  }

  #newPair(organizations: Organizations, random: Random): Pair {
    const organization = organizations.ofFirstMail();
    const from = `${word(2, random)}.${word(3, random)}@${organization.domain}`;
    return { from, recipient: pick(this.#recipients, random), organization };
  }
}

/** Returns mail of ours that is answered between 5 minutes and a day later. */
function before(
  { from, recipient, at }: { from: string; recipient: string; at: number },
  begin: number,
  random: Random,
): Outgoing {
  const age = 5 * MINUTE + random() ** 2 * (DAY - 5 * MINUTE);
  return { at: Math.max(begin, Math.round(at - age)), user: recipient, recipient: from };
}
