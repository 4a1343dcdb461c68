/**
 * A set of words, in which a star stands for any letters, and a question mark for one letter:
 *
 *   pattern :== [ "*" ] 1*( letter | "?" ) [ "*" ]
 *
 * `mx` holds mx alone, `mx?` mxa to mxz, `dyn*` dynamic too, `*dsl` adsl, `*mail*` webmails.
 */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Maximum number of question marks in a pattern: each multiplies its words by 26. */
const MAX_QUESTION_MARKS = 2;

export class WordSet {
  readonly #whole = new Set<string>();
  readonly #beginnings: string[] = [];
  readonly #ends: string[] = [];
  readonly #middles: string[] = [];

  /** @throws with the reason in one line if it is no pattern */
  add(pattern: string): void {
    const [, before, letters, after] = /^(\*?)([a-z?]+)(\*?)$/.exec(pattern) ?? [];
    if (letters === undefined)
      throw new Error('a word has the letters a to z, ? for one of them, and * at its ends');
    if (letters.split('?').length - 1 > MAX_QUESTION_MARKS)
      throw new Error(`a word has at most ${MAX_QUESTION_MARKS} question marks`);
    for (const word of expanded(letters)) {
      if (before !== '' && after !== '') this.#middles.push(word);
      else if (before !== '') this.#ends.push(word);
      else if (after !== '') this.#beginnings.push(word);
      else this.#whole.add(word);
    }
  }

  /** @param part letters in lower case */
  has(part: string): boolean {
    return (
      this.#whole.has(part) ||
      this.#beginnings.some((word) => part.startsWith(word)) ||
      this.#ends.some((word) => part.endsWith(word)) ||
      this.#middles.some((word) => part.includes(word))
    );
  }
}

function expanded(letters: string): string[] {
  if (!letters.includes('?')) return [letters];
  return [...LETTERS].flatMap((letter) => expanded(letters.replace('?', letter)));
}
