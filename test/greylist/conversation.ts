/**
 * Random conversations about mail, and what a rule answers: a greylister over records in memory, as the daemon has it.
 *
 * Names come as they are, in capitals with a dot at the end, or not at all. Pauses are mostly those at which an answer
 * changes.
 */
import fc from 'fast-check';
import { parseAddress } from '../../src/address/ip.ts';
import type { GreylistRules } from '../../src/greylist/decision.ts';
import { originOf } from '../../src/greylist/origin.ts';
import { type Profile, termsOf, type Visit, visitOf } from '../../src/greylist/visit.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { Greylister, type Verdict } from '../../src/store-thread/greylister.ts';
import { factsOf } from '../support/name-words.ts';
import type { Host, Sender } from './parties.ts';

export const HOUR = 3600;
export const DAY = 24 * HOUR;
/** When conversations begin, in Unix seconds. */
const BEGIN = 1_700_000_000;

export const RULES: GreylistRules = {
  ...{ delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY },
  ...{ autoWhitelistAfter: 5, namedDelay: 60, autoWhitelistFarmsAfter: 3 },
};

const RECIPIENTS = ['u@ours.example', 'V@ours.example'];

const AHEAD = [
  ...[0, 1, 30, 59, 60, 61, 239, 240, 241, 299, 300, 301, 900, HOUR - 1, HOUR, HOUR + 1, DAY, 2 * DAY - 30],
  ...[2 * DAY, 2 * DAY + 1, 10 * DAY, 35 * DAY, 35 * DAY + 1, 35 * DAY + HOUR],
];
const BACK = [-1, -30, -59, -60, -300, -HOUR, -DAY, -365 * DAY];

export interface Attempt {
  /** Seconds since the one before; below zero: the clock was set back. */
  readonly pause: number;
  readonly address: string;
  /** The client's own, whether its name is confirmed or not. */
  readonly domain: string | undefined;
  /** As the mail server says it this time. */
  readonly clientName: string;
  readonly sender: string;
  readonly who: string;
  readonly recipient: string;
}

/** One of our users writes to somebody. */
export interface Writing {
  readonly pause: number;
  readonly user: string;
  readonly correspondent: string;
}

export interface World {
  readonly hosts: readonly Host[];
  readonly senders: readonly Sender[];
  readonly setsClockBack: boolean;
  readonly writes: boolean;
}

const NAME_FORMS = [
  { weight: 6, arbitrary: fc.constant((name: string) => name) },
  { weight: 1, arbitrary: fc.constant((name: string) => `${name.toUpperCase()}.`) },
  { weight: 1, arbitrary: fc.constant(() => 'unknown') },
];

/** Few hosts, senders and recipients take part in one conversation, so that they meet. */
export function conversations(world: World, longest = 40): fc.Arbitrary<(Attempt | Writing)[]> {
  return fc
    .tuple(
      fc.subarray([...world.hosts], { minLength: 1, maxLength: 5 }),
      fc.subarray([...world.senders], { minLength: 1, maxLength: 3 }),
      fc.subarray(RECIPIENTS, { minLength: 1 }),
    )
    .chain(([hosts, senders, recipients]) => {
      const pause = fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...AHEAD.slice(0, 14)) },
        { weight: 3, arbitrary: fc.constantFrom(...AHEAD) },
        { weight: world.setsClockBack ? 1 : 0, arbitrary: fc.constantFrom(...BACK) },
      );
      const attempt = fc
        .tuple(pause, fc.constantFrom(...hosts), fc.oneof(...NAME_FORMS), fc.constantFrom(...senders))
        .chain(([wait, { address, name, domain }, formed, { sender, who }]) =>
          fc.record<Attempt>({
            ...{ pause: fc.constant(wait), address: fc.constant(address), domain: fc.constant(domain) },
            clientName: fc.constant(formed(name)),
            ...{ sender: fc.constant(sender), who: fc.constant(who) },
            recipient: fc.constantFrom(...recipients),
          }),
        );
      const writing = fc.record<Writing>({
        pause,
        user: fc.constantFrom(...recipients),
        correspondent: fc.constantFrom(...senders.map(({ sender }) => sender)),
      });
      const event = fc.oneof(
        { weight: 20, arbitrary: attempt },
        { weight: world.writes ? 1 : 0, arbitrary: writing },
      );
      return fc.array(event, { minLength: 2, maxLength: longest, size: 'max' });
    });
}

/** An attempt, and what it was told. */
export interface Told {
  /** Of the event in the conversation. */
  readonly index: number;
  readonly attempt: Attempt;
  readonly visit: Visit;
  readonly now: number;
  readonly profile: Profile;
  readonly verdict: Verdict;
}

/** @param profileOf the profile when an event comes, by its number */
export async function converse(
  events: readonly (Attempt | Writing)[],
  rules: GreylistRules,
  profileOf: (index: number) => Profile,
): Promise<Told[]> {
  const greylister = new Greylister(new MemoryStore(), { ...rules, maxTriplets: 0, maxNewPerClient: 0 });
  const told: Told[] = [];
  let now = BEGIN;
  for (const [index, event] of events.entries()) {
    now += event.pause;
    if ('user' in event) {
      await greylister.decide({ user: event.user, correspondent: event.correspondent, now });
      continue;
    }
    const profile = profileOf(index);
    const visit = visitAt(event, now, profile);
    told.push({ index, attempt: event, visit, now, profile, verdict: await greylister.decide(visit) });
  }
  return told;
}

/** As the daemon makes it of a request. */
function visitAt({ address, clientName, sender, recipient }: Attempt, now: number, profile: Profile): Visit {
  const client = parseAddress(address);
  if (client === undefined) throw new Error(`${address} is no address`);
  const terms =
    profile === 'postgrey'
      ? undefined
      : termsOf({ profile }, originOf(factsOf(clientName, address), sender), sender);
  return visitOf({ client, sender, recipient }, { ipv4: 24, ipv6: 64 }, now, terms);
}

export const tripletOf = ({ visit }: Told): string => JSON.stringify(visit.triplet);

/** The wait that a visit shares with others; undefined: none. */
export const poolOf = ({ visit: { terms, triplet } }: Told): string | undefined =>
  terms?.pool === undefined ? undefined : JSON.stringify([terms.pool, terms.maskedSender, triplet.recipient]);

/** The one that it may share by what is known of host and sender, whether its name was confirmed this time or not. */
export const ownPoolOf = ({ attempt: { domain, who, recipient } }: Told): string | undefined =>
  domain === undefined ? undefined : JSON.stringify([domain, who, recipient]);

export const isPassed = ({ verdict }: Told): boolean => verdict.action === 'pass';

/** The names of what was told, for a failure that can be read. */
export const transcript = (all: readonly Told[]): string =>
  all
    .map(
      ({ now, profile, attempt, verdict }) =>
        `${now - BEGIN} ${profile} ${attempt.address} ${attempt.clientName} <${attempt.sender}> ${attempt.recipient}: ` +
        `${verdict.action}, ${verdict.reason}${verdict.action === 'greylist' ? ` ${verdict.retryAfter}` : ''}`,
    )
    .join('\n');
