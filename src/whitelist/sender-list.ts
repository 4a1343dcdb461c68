/**
 * The sender whitelist: envelope senders whose mail is never greylisted.
 *
 *   line :== pattern [ "!" ]        patterns as in the list of recipients
 *
 * Anybody can write any envelope sender, so that a line counts only if the client is no suspect, unless it ends
 * in `!`.
 */
import { RecipientList } from './recipient-list.ts';
import type { WhitelistLine } from './whitelist-file.ts';

export class SenderList {
  readonly #careful = new RecipientList();
  readonly #always = new RecipientList();

  /** The number of patterns. */
  get size(): number {
    return this.#careful.size + this.#always.size;
  }

  /** @throws with the reason in one line if its pattern is none */
  add(line: WhitelistLine): void {
    const [, pattern = '', mark] = /^(.*?)\s*(!?)$/.exec(line.pattern) ?? [];
    if (/\s/.test(pattern)) throw new Error('a pattern must not contain blanks');
    (mark === '!' ? this.#always : this.#careful).add({ ...line, pattern });
  }

  /**
   * Returns a line that matches a sender, if there is one that counts.
   * @param isSuspect called only if that matters
   */
  find(sender: string, isSuspect: () => boolean): WhitelistLine | undefined {
    if (this.size === 0) return undefined;
    const always = this.#always.find(sender);
    if (always !== undefined) return always;
    const line = this.#careful.find(sender);
    return line === undefined || isSuspect() ? undefined : line;
  }
}
