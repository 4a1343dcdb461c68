/**
 * Reads the output of db_dump(1) for a Berkeley DB file:
 *
 *   section :== "VERSION=3" LF *( name "=" value LF ) "HEADER=END" LF *pair "DATA=END" LF
 *   pair    :== " " key LF " " value LF
 *
 * With format=print (db_dump -p) a byte that is no printable ASCII is written as `\hh`, and a
 * backslash as `\\`; with format=bytevalue each byte is two hex digits. Several sections may follow
 * one another. Input that is cut off, or no dump, is an error: half a database must not be taken for a
 * whole one.
 */

/** The longest line of a dump: keys of postgrey have 1,100 bytes at most, 4 characters each. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

export interface DumpedPair {
  readonly key: Buffer;
  readonly value: string;
}

/** Decodes a line of data, without its leading blank. */
type Unescape = (line: string) => Buffer;

const FORMATS: Readonly<Record<string, Unescape>> = {
  print: (line) =>
    Buffer.from(
      line.replace(/\\(?:\\|([0-9a-f]{2}))/g, (_, hex?: string) =>
        hex === undefined ? '\\' : String.fromCharCode(Number.parseInt(hex, 16)),
      ),
      'latin1',
    ),
  bytevalue: (line) => Buffer.from(line, 'hex'),
};

/**
 * Yields the pairs of all sections, as many at a time as arrive together.
 * @throws (rejects) if the input is no complete dump
 */
export async function* readDump(input: AsyncIterable<Buffer>): AsyncGenerator<readonly DumpedPair[], void> {
  const reader = new DumpReader();
  let rest = '';
  for await (const chunk of input) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS)
      throw new Error('not the output of db_dump: the input has no lines');
    const pairs = lines.map((line) => reader.take(line)).filter((pair) => pair !== undefined);
    if (pairs.length > 0) yield pairs;
  }
  if (rest !== '' || !reader.isBetweenSections) throw new Error('the dump is cut off: DATA=END is missing');
  if (reader.sections === 0) throw new Error('not the output of db_dump: the input is empty');
}

class DumpReader {
  /** Sections that have begun. */
  sections = 0;
  #place: 'between' | 'header' | 'key' | 'value' = 'between';
  #unescape: Unescape | undefined;
  #key: Buffer = Buffer.alloc(0);

  get isBetweenSections(): boolean {
    return this.#place === 'between';
  }

  /** @returns a pair if this line completes one */
  take(line: string): DumpedPair | undefined {
    switch (this.#place) {
      case 'between':
        return this.#begin(line);
      case 'header':
        return this.#takeHeader(line);
      case 'key':
        if (line === 'DATA=END') this.#place = 'between';
        else {
          this.#key = this.#bytesOf(line);
          this.#place = 'value';
        }
        return undefined;
      case 'value':
        this.#place = 'key';
        return { key: this.#key, value: this.#bytesOf(line).toString('latin1') };
    }
  }

  #begin(line: string): undefined {
    if (line !== 'VERSION=3')
      throw new Error('not the output of db_dump: the input does not begin with VERSION=3');
    this.sections += 1;
    this.#unescape = undefined;
    this.#place = 'header';
  }

  #takeHeader(line: string): undefined {
    const [name, value = ''] = line.split('=', 2);
    if (name === 'format') this.#unescape = FORMATS[value];
    if (line === 'HEADER=END') this.#place = 'key';
  }

  #bytesOf(line: string): Buffer {
    if (this.#unescape === undefined) throw new Error('the dump has an unknown format: use db_dump -p');
    if (!line.startsWith(' '))
      throw new Error('the dump is damaged: a line of data does not begin with a blank');
    return this.#unescape(line.slice(1));
  }
}
