/**
 * A model of OpenSMTPD's filter spfgreylist with its defaults, after its documentation and behaviour:
 *
 *   wait   more than 5 minutes and less than 4 hours after the last attempt that was deferred, so an early retry begins it
 *          anew; by sender domain, sender and recipient where SPF passes, otherwise by address, sender and recipient
 *   then   the domain passes from all clients that its SPF record names, or the address with any mail, for 30 days after the
 *          last
 *
 * A domain to which a user of ours has sent mail is as one that has passed.
 */
import { DAY, HOUR } from '../../../src/time/units.ts';
import type { Attempt, Outgoing } from '../mail.ts';
import type { Answer, Rule } from '../rule.ts';

const PASSTIME = 300;
const GREYEXP = 4 * HOUR;
const WHITEEXP = 30 * DAY;

export class SpfgreylistModel implements Rule {
  /** Last attempt that was deferred. */
  readonly #grey = new Map<string, number>();
  /** Last mail, by address or domain. */
  readonly #white = new Map<string, number>();

  ask({ clientAddress, sender, recipient, spfPass }: Attempt, now: number): Answer {
    const domain = sender.slice(sender.lastIndexOf('@') + 1);
    if (this.#isWhite(clientAddress, now) || (spfPass && this.#isWhite(domain, now))) return 'pass';
    const unit = spfPass ? domain : clientAddress;
    const wait = `${unit} ${sender} ${recipient}`;
    const age = now - (this.#grey.get(wait) ?? Number.NEGATIVE_INFINITY);
    if (age > PASSTIME && age < GREYEXP) {
      this.#white.set(unit, now);
      return 'pass';
    }
    this.#grey.set(wait, now);
    return 'defer';
  }

  sent({ recipient }: Outgoing, now: number): void {
    this.#white.set(recipient.slice(recipient.lastIndexOf('@') + 1), now);
  }

  #isWhite(unit: string, now: number): boolean {
    const last = this.#white.get(unit);
    if (last === undefined || now - last >= WHITEEXP) return false;
    this.#white.set(unit, now);
    return true;
  }
}
