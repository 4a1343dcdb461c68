/**
 * The world of a simulation: all that is assumed of senders, in numbers that can be changed. What a platform is like
 * stands in platforms.ts, when a program retries in schedules.ts.
 */
import type { BotName } from './bot-names.ts';
import { PLATFORMS, type Platform } from './platforms.ts';
import type { SpamKind } from './spam.ts';

export interface World {
  readonly seed: number;
  readonly days: number;
  /** The first days, which are not counted: nobody has been here before. */
  readonly warmUpDays: number;

  // The site.
  readonly recipients: number;
  readonly goodPerDay: number;
  /** Each recipient, each day. */
  readonly spamPerDay: number;

  // Good mail. All shares from 0 to 1.
  readonly platforms: readonly Platform[];
  /** Shares of mail of which sender and recipient have had no mail before; others continue what there was. */
  readonly firstContacts: number;
  /** Shares of first mail from people that answers mail of ours. */
  readonly answers: number;
  /** Shares of first mail from an organization from which nobody here has had mail. */
  readonly newOrganizations: number;
  /** The networks of all pools, times this. */
  readonly poolScale: number;
  /** Shares of hosts with a confirmed name, in pools and single. */
  readonly confirmedPool: number;
  readonly confirmedSingle: number;
  /** Shares of organizations whose SPF record covers their hosts. */
  readonly spf: number;

  // Spam.
  readonly spam: Readonly<Record<SpamKind, number>>;
  readonly botNames: Readonly<Record<BotName, number>>;
  readonly bots: number;
  readonly providers: number;
  /** Shares of bots' mail in the recipient's own name, and of campaigns: one sender for the mail of a day. */
  readonly ownName: number;
  readonly campaigns: number;
  readonly snowshoeDomains: number;
  readonly compromisedHosts: number;
}

export const ORDINARY: World = {
  seed: 1,
  days: 30,
  warmUpDays: 7,
  recipients: 100,
  goodPerDay: 400,
  spamPerDay: 4,
  platforms: PLATFORMS,
  firstContacts: 0.22,
  answers: 0.25,
  newOrganizations: 0.5,
  poolScale: 1,
  confirmedPool: 0.98,
  confirmedSingle: 0.9,
  spf: 0.9,
  spam: { never: 0.45, minute: 0.25, patient: 0.08, snowshoe: 0.1, host: 0.07, account: 0.05 },
  botNames: { none: 0.4, line: 0.45, plain: 0.1, mail: 0.05 },
  bots: 3000,
  providers: 30,
  ownName: 0.1,
  campaigns: 0.2,
  snowshoeDomains: 40,
  compromisedHosts: 40,
};

/** More bots with names like those of mail hosts, fewer pool hosts with a confirmed name. */
export const ADVERSE: World = {
  ...ORDINARY,
  confirmedPool: 0.9,
  botNames: { none: 0.25, line: 0.2, plain: 0.4, mail: 0.15 },
};
