/**
 * A model of Haraka's greylist plugin with its defaults, after its documentation: host, sender and recipient wait 850
 * seconds and must be retried within 25 hours; then the host passes with any mail, until it has sent none for 35 days.
 *
 * The host is the confirmed name without its first label, if that leaves at least a domain; it is the address if there is no
 * confirmed name, or the name holds two octets of the address at either end, or all of it in hex.
 *
 * Known limits: domains are taken to have two labels; lookups of DNS whitelists are left out, as are its lists.
 */
import { DAY, HOUR } from '../../../src/time/units.ts';
import type { Attempt, Outgoing } from '../mail.ts';
import type { Answer, Rule } from '../rule.ts';

const BLACK = 850;
const GREY = 25 * HOUR;
const WHITE = 35 * DAY;

export class HarakaModel implements Rule {
  /** First seen, by host, sender and recipient. */
  readonly #grey = new Map<string, number>();
  /** Last mail, by host. */
  readonly #white = new Map<string, number>();

  ask({ clientName, clientAddress, sender, recipient }: Attempt, now: number): Answer {
    const host = hostId(clientName, clientAddress);
    const last = this.#white.get(host);
    if (last !== undefined && now - last <= WHITE) return this.#pass(host, now);

    const tuple = `${host} ${sender} ${recipient}`;
    const first = this.#grey.get(tuple);
    if (first === undefined || now - first > GREY) this.#grey.set(tuple, now);
    else if (now - first >= BLACK) return this.#pass(host, now);
    return 'defer';
  }

  #pass(host: string, now: number): Answer {
    this.#white.set(host, now);
    return 'pass';
  }

  sent(_outgoing: Outgoing): void {}
}

function hostId(name: string, address: string): string {
  if (name === 'unknown' || holdsAddress(name, address)) return address;
  const labels = name.split('.');
  return labels.slice(labels.length > 2 ? 1 : 0).join('.');
}

function holdsAddress(name: string, address: string): boolean {
  const octets = address.split('.');
  const [a, b, c, d] = octets;
  const hex = octets.map((octet) => Number(octet).toString(16).padStart(2, '0')).join('');
  const pairs = [`${a}\\D+${b}`, `${b}\\D+${a}`, `${c}\\D+${d}`, `${d}\\D+${c}`];
  return name.includes(hex) || new RegExp(`(?<!\\d)(?:${pairs.join('|')})(?!\\d)`).test(name);
}
