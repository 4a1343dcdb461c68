/**
 * A greylisting rule, as the simulation asks it.
 */
import type { UnixSeconds } from '../../src/time/clock.ts';
import type { Attempt, Outgoing } from './mail.ts';

export type Answer = 'pass' | 'defer';

export interface Rule {
  ask(attempt: Attempt, now: UnixSeconds): Answer | Promise<Answer>;

  /** Says that one of our own users has sent mail. */
  sent(outgoing: Outgoing, now: UnixSeconds): void | Promise<void>;
}
