/**
 * The words by which the name of a client tells what it is, one a line of the file client_names:
 *
 *   line :== kind ":" pattern        line:dyn*   server:mail   pool:icloud.com
 *
 * | kind     | what a word says, and where it is looked for                                       |
 * |----------|------------------------------------------------------------------------------------|
 * | line     | a customer's line: in a part of a label                                            |
 * | server   | a mail server, though the name has the word of a line: a whole label               |
 * | mail     | a mail host: in a part of a label                                                  |
 * | numbered | the same, in a part of the first label, if that has a digit                        |
 * | own      | the same, in a part of the own label of the registered domain                      |
 * | rented   | a machine that anybody can rent, or a line: in a part of a label                   |
 * | start    | the same, in the first part of a label                                             |
 * | serial   | the same, before a number in the first label                                       |
 * | pool     | a domain of which all names count as those of mail hosts                           |
 *
 * A part is a row of letters within a label: `mx-out01b` has mx, out and b. Patterns of words are those of word-set.ts.
 */
import { withoutFirstLabel } from './host-name.ts';
import { WordSet } from './word-set.ts';

export class NameWords {
  /** The number of lines that were added. */
  size = 0;
  readonly line = new WordSet();
  readonly server = new WordSet();
  readonly mail = new WordSet();
  readonly numbered = new WordSet();
  readonly own = new WordSet();
  readonly rented = new WordSet();
  readonly start = new WordSet();
  readonly serial = new WordSet();
  readonly #pools = new Set<string>();

  /** @throws with the reason in one line if the pattern is none of the above */
  add({ pattern }: { readonly pattern: string }): void {
    const colon = pattern.indexOf(':');
    const [kind, word] = [pattern.slice(0, Math.max(colon, 0)), pattern.slice(colon + 1).toLowerCase()];
    if (kind === 'pool') this.#addPool(word);
    else this.#words(kind).add(word);
    this.size += 1;
  }

  /** Returns the known pool that a name is the domain of, or below. */
  poolOf(name: string): string | undefined {
    for (let end = name; end !== ''; end = withoutFirstLabel(end)) {
      if (this.#pools.has(end)) return end;
    }
    return undefined;
  }

  #addPool(domain: string): void {
    if (!/^[a-z\d-]+(?:\.[a-z\d-]+)+$/.test(domain))
      throw new Error('a pool is a domain, as in pool:example.org');
    this.#pools.add(domain);
  }

  #words(kind: string): WordSet {
    switch (kind) {
      case 'line':
      case 'server':
      case 'mail':
      case 'numbered':
      case 'own':
      case 'rented':
      case 'start':
      case 'serial':
        return this[kind];
      default:
        throw new Error(
          'write one of line, server, mail, numbered, own, rented, start, serial, pool, a colon and a word',
        );
    }
  }
}
