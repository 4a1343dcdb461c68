/**
 * A model of sqlgrey 1.8 with its defaults, after its documentation:
 *
 *   client   the /24 of its address; all of the address if there is no confirmed name, or the name holds the last two
 *            octets as lines have it (greymethod smart)
 *   wait     client, sender and recipient: 5 minutes, retried within 24 hours
 *   then     the sender passes from this client, for whatever recipient, for 60 days after its last mail; after 2 senders
 *            of a domain all of the domain passes from this client (group_domain_level)
 *
 * Senders lose what follows a `+`, and parts with numbers are alike.
 * Known limits: it has no list of clients here; the null sender is treated as any other.
 */
import { DAY, HOUR } from '../../../src/time/units.ts';
import type { Attempt, Outgoing } from '../mail.ts';
import type { Answer, Rule } from '../rule.ts';

const RECONNECT_DELAY = 300;
const MAX_CONNECT_AGE = 24 * HOUR;
const AWL_AGE = 60 * DAY;
const GROUP_DOMAIN_LEVEL = 2;

export class SqlgreyModel implements Rule {
  /** First seen, by client, sender and recipient. */
  readonly #waits = new Map<string, number>();
  /** Last mail, by client and sender. */
  readonly #senders = new Map<string, number>();
  /** Last mail, by client and domain. */
  readonly #domains = new Map<string, number>();
  /** Senders that have passed, by client and domain. */
  readonly #passed = new Map<string, Set<string>>();

  ask({ clientName, clientAddress, sender, recipient }: Attempt, now: number): Answer {
    const client = sourceOf(clientName, clientAddress);
    const plain = withoutNumbers(sender);
    const domain = `${client} ${plain.slice(plain.indexOf('@') + 1)}`;
    if (isRecent(this.#domains, domain, now) || isRecent(this.#senders, `${client} ${plain}`, now))
      return 'pass';

    const wait = `${client} ${plain} ${recipient}`;
    const first = this.#waits.get(wait);
    if (first === undefined || now - first > MAX_CONNECT_AGE) {
      this.#waits.set(wait, now);
      return 'defer';
    }
    if (now - first < RECONNECT_DELAY) return 'defer';
    this.#waits.delete(wait);
    this.#senders.set(`${client} ${plain}`, now);
    const passed = (this.#passed.get(domain) ?? new Set()).add(plain);
    this.#passed.set(domain, passed);
    if (passed.size >= GROUP_DOMAIN_LEVEL) this.#domains.set(domain, now);
    return 'pass';
  }

  sent(_outgoing: Outgoing): void {}
}

/** Tells whether it is known and not too old, and notes the mail. */
function isRecent(known: Map<string, number>, key: string, now: number): boolean {
  const last = known.get(key);
  if (last === undefined || now - last > AWL_AGE) return false;
  known.set(key, now);
  return true;
}

function sourceOf(name: string, address: string): string {
  const [, , c = '', d = ''] = address.split('.');
  const isLine = name === 'unknown' || new RegExp(`\\b(?:${c}\\D${d}|${d}\\D${c})\\b`).test(name);
  return isLine ? address : address.replace(/\.\d+$/, '');
}

function withoutNumbers(sender: string): string {
  const at = sender.lastIndexOf('@');
  const local = sender.slice(0, at).replace(/\+.*/, '').toLowerCase();
  return local.replace(/\b[0-9a-f]*\d[0-9a-f]*\b/g, '#') + sender.slice(at);
}
