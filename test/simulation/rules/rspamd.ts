/**
 * A model of rspamd's greylisting module with its defaults, after its documentation: two hashes of each mail are kept for a
 * day, one of the sender, the recipient and the /19 of the client's address, one of the text. A mail passes once either
 * has been there for 5 minutes.
 *
 * Known limits: rspamd asks only about mail whose text looks suspicious to it, this model about all; a hash is not kept
 * longer because it is met again; no two messages have the same text.
 */
import { DAY } from '../../../src/time/units.ts';
import type { Attempt, Outgoing } from '../mail.ts';
import type { Answer, Rule } from '../rule.ts';

const TIMEOUT = 300;
const EXPIRE = DAY;

export class RspamdModel implements Rule {
  /** First seen, by hash. */
  readonly #hashes = new Map<string, number>();

  ask({ clientAddress, sender, recipient, message }: Attempt, now: number): Answer {
    const keys = [`${sender} ${recipient} ${network19(clientAddress)}`, String(message)];
    let answer: Answer = 'defer';
    for (const key of keys) {
      const first = this.#hashes.get(key);
      if (first === undefined || now - first > EXPIRE) this.#hashes.set(key, now);
      else if (now - first >= TIMEOUT) answer = 'pass';
    }
    return answer;
  }

  sent(_outgoing: Outgoing): void {}
}

function network19(address: string): string {
  const [a, b, c = 0] = address.split('.').map(Number);
  return `${a}.${b}.${c & 0b1110_0000}`;
}
