/**
 * What greylisting is asked about: a visit, one attempt of a client to deliver a mail of one sender to one recipient;
 * and a submission, a mail of our own to somebody elsewhere.
 */
import type { IpAddress } from '../address/ip.ts';
import { maskedSender } from '../address/masked-sender.ts';
import type { UnixSeconds } from '../time/clock.ts';
import {
  type ClientKey,
  clientKey,
  lowerCaseAscii,
  type NetworkLengths,
  type TripletKey,
  tripletKey,
} from './keys.ts';
import type { Origin } from './origin.ts';

/** Whose rule decides: postgrey's; that for good mail that does not wait; or that under which only suspects wait. */
export const PROFILES = ['postgrey', 'smart', 'suspects'] as const;

export type Profile = (typeof PROFILES)[number];

/** The policy of a recipient (--recipient-policies), or of all. */
export interface Policy {
  readonly profile: Profile;
  /** How long a triplet waits, in seconds; undefined: --delay. */
  readonly delay?: number | undefined;
}

/** All on which a decision depends beside the records of client and triplet. */
export interface Terms extends Policy {
  readonly isSuspect: boolean;
  /** On the list of --greylist-clients: never auto-whitelisted, always a suspect. */
  readonly isAlwaysGreylisted: boolean;
  /** The registered domain whose hosts share a wait. */
  readonly pool: string | undefined;
  /** The name that the hosts of a farm have in common. */
  readonly farm: string | undefined;
  /** The envelope sender, in lower case. */
  readonly sender: string;
  /** The same as the pool's wait has it; empty without a pool. */
  readonly maskedSender: string;
}

/** One attempt of a client to deliver a mail of one sender to one recipient. */
export interface Visit {
  readonly triplet: TripletKey;
  readonly client: ClientKey;
  readonly now: UnixSeconds;
  /** undefined: postgrey's. */
  readonly terms?: Terms | undefined;
}

/** A mail of our own user to somebody elsewhere. */
export interface Submission {
  readonly user: string;
  readonly correspondent: string;
  readonly now: UnixSeconds;
}

/** A mail as a request describes it. */
export interface AskedMail {
  readonly client: IpAddress;
  readonly sender: string;
  readonly recipient: string;
}

export function visitOf(
  { client, sender, recipient }: AskedMail,
  lengths: NetworkLengths,
  now: UnixSeconds,
  terms: Terms | undefined,
): Visit {
  return { triplet: tripletKey(client, sender, recipient, lengths), client: clientKey(client), now, terms };
}

/** @param origin undefined: the client is on the list of --greylist-clients */
export function termsOf({ profile, delay }: Policy, origin: Origin | undefined, sender: string): Terms {
  const shares = profile !== 'postgrey';
  const pool = shares ? origin?.pool : undefined;
  return {
    profile,
    delay,
    isAlwaysGreylisted: origin === undefined,
    isSuspect: origin?.isSuspect ?? true,
    pool,
    farm: shares ? origin?.farm : undefined,
    sender: lowerCaseAscii(sender),
    maskedSender: pool === undefined ? '' : maskedSender(sender),
  };
}
