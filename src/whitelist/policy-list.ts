/**
 * The policies of recipients, and of whole domains:
 *
 *   line :== pattern ( "off" | profile ) [ "delay=" seconds ]      patterns as in the list of recipients
 *
 * The first line that matches counts. `off` is: mail to it is never greylisted.
 */
import { RecipientList } from './recipient-list.ts';
import type { WhitelistLine } from './whitelist-file.ts';

const POLICY_NAMES = ['off', 'postgrey', 'smart', 'suspects'] as const;

/** The policy of a recipient. */
export interface RecipientPolicy {
  readonly name: (typeof POLICY_NAMES)[number];
  /** How long a triplet waits, in seconds; undefined: --delay. */
  readonly delay: number | undefined;
  readonly line: WhitelistLine;
}

export class PolicyList {
  readonly #patterns = new RecipientList();
  readonly #maxDelay: number;
  /** By the line of its pattern, in the order of the lines. */
  readonly #policies = new Map<WhitelistLine, RecipientPolicy & { readonly rank: number }>();

  /** @param maxDelay in seconds; with a longer one no retry would be in time, and no mail would ever pass */
  constructor(maxDelay: number) {
    this.#maxDelay = maxDelay;
  }

  /** The number of patterns. */
  get size(): number {
    return this.#policies.size;
  }

  /** @throws with the reason in one line if it is no pattern and policy */
  add(line: WhitelistLine): void {
    const [pattern = '', nameText, delayText, ...rest] = line.pattern.split(/\s+/);
    const name = POLICY_NAMES.find((known) => known === nameText);
    if (name === undefined || rest.length > 0)
      throw new Error('expected PATTERN off|postgrey|smart|suspects [delay=SECONDS]');
    const delay = this.#delayOf(delayText);
    if (name === 'off' && delay !== undefined) throw new Error('off has no delay');
    const own = { ...line, pattern };
    this.#patterns.add(own);
    this.#policies.set(own, { name, delay, line, rank: this.#policies.size });
  }

  find(recipient: string): RecipientPolicy | undefined {
    if (this.size === 0) return undefined;
    let first: (RecipientPolicy & { readonly rank: number }) | undefined;
    for (const line of this.#patterns.all(recipient)) {
      const policy = this.#policies.get(line);
      if (policy !== undefined && policy.rank < (first?.rank ?? Number.POSITIVE_INFINITY)) first = policy;
    }
    return first;
  }

  #delayOf(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const [, seconds = '0'] = /^delay=(\d{1,9})$/.exec(text) ?? [];
    const delay = Number(seconds);
    if (delay >= 1 && delay <= this.#maxDelay) return delay;
    throw new Error(`expected delay=SECONDS, from 1 to ${this.#maxDelay}, in place of ${text}`);
  }
}
