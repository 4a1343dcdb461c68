/**
 * A mail of the simulation: who sends it, and when and from where it is tried.
 */
import type { UnixSeconds } from '../../src/time/clock.ts';
import type { Route } from './hosts.ts';
import type { Platform } from './platforms.ts';
import type { Schedule } from './schedules.ts';
import type { SpamKind } from './spam.ts';

/** What a mail server knows of one attempt to deliver a mail. */
export interface Attempt {
  readonly clientName: string;
  readonly clientAddress: string;
  readonly sender: string;
  readonly recipient: string;
  /** The number of the message, in place of its text. */
  readonly message: number;
  /** Whether the sender's domain names this client in its SPF record. */
  readonly spfPass: boolean;
}

/** Mail that one of our users has sent. */
export interface Outgoing {
  readonly at: UnixSeconds;
  readonly user: string;
  readonly recipient: string;
}

export interface Mail {
  readonly message: number;
  readonly at: UnixSeconds;
  readonly sender: string;
  readonly recipient: string;
  readonly spfPass: boolean;
  readonly route: Route;
  readonly schedule: Schedule;
  readonly is: GoodMail | Spam;
  /** What it answers. */
  readonly answers?: Outgoing;
}

export interface GoodMail {
  readonly platform: string;
  /** The first mail of this sender to this recipient. */
  readonly isFirst: boolean;
  readonly sends: Platform['sends'];
}

export interface Spam {
  readonly spam: SpamKind;
}
