/**
 * Reads a file of variables as an init script that sources it, as /etc/default/postgrey; no command is run.
 *
 *   line    :== [ command *( ";" command ) ] [ "#" comment ]
 *   command :== 1*assignment | "export" 1*( NAME | assignment )
 *   assignment :== NAME "=" *( text | "'" text "'" | '"' *( text | "\" char | expansion ) '"' | "\" char | expansion )
 *   expansion  :== "$" NAME | "${" NAME [ [ ":" ] ( "-" | "=" | "+" ) word ] "}"
 *
 * A `\` at the end of a line continues it, except in a comment and between ''. Anything else that a shell would do
 * (commands, patterns, `~`, `$(…)`) is an error with the number of its line, and so is a NAME without a value in the
 * file: its value in the init script is not known. So the values are those that sh(1) would have.
 */

/** Names that no init script sets before it sources the file. */
const UNSET: ReadonlySet<string> = new Set(['POSTGREY_OPTS', 'POSTGREY_TEXT', 'GREYD_STORE_PASSWORD']);

/** One `NAME=value`, and its position in the text. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  /** Line number, from 1. */
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

/** A line that cannot be read; the message says why, or what to write instead. */
export class UnreadableLine extends Error {
  override readonly name = 'UnreadableLine';
  /** Line number, from 1. */
  readonly line: number;

  constructor(line: number, text: string) {
    super(text);
    this.line = line;
  }
}

/**
 * Returns the assignments of a file, in their order.
 * @throws {UnreadableLine}
 */
export function shellAssignments(text: string): Assignment[] {
  return new ShellReader(text).read();
}

class ShellReader {
  readonly #text: string;
  #at = 0;
  readonly #values = new Map<string, string>();
  readonly #found: Assignment[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): Assignment[] {
    for (;;) {
      this.#skip(/(?:[ \t\n]|\\\n|#.*)*/y);
      if (this.#at === this.#text.length) return this.#found;
      this.#command();
      this.#skip(/(?:[ \t]|\\\n)*/y);
      const next = this.#text[this.#at];
      if (next === ';' && !/^;[ \t]*;/.test(this.#text.slice(this.#at))) this.#at += 1;
      else if (next !== undefined && next !== '\n' && next !== '#')
        this.#refuse(`${shown(next)} is not read here`);
    }
  }

  #command(): void {
    const isExport = this.#skip(/export(?=[ \t]|\\\n)/y) !== '';
    const found: Assignment[] = [];
    do {
      this.#skip(/(?:[ \t]|\\\n)*/y);
      const start = this.#at;
      const name = this.#skip(/[A-Za-z_]\w*(?==)/y);
      if (name === '') {
        if (isExport && this.#skip(/[A-Za-z_]\w*(?=[\s;]|$)/y) !== '') continue;
        if (isExport && found.length > 0 && /[\n;#]|$/y.test(this.#text.slice(this.#at, this.#at + 1))) break;
        this.#refuse(
          `only NAME=value is read here, not ${shown(this.#word())}; put a value with blanks in quotes`,
        );
      }
      this.#at += 1;
      if (name === 'IFS') this.#refuse('IFS is not read here: leave it out');
      // A shell has all of an export expanded before it sets any of it.
      const earlier = isExport ? new Set(found.map((one) => one.name)) : undefined;
      const line = this.#line;
      const value = this.#value(isExport, earlier);
      found.push({ name, value, line, start, end: this.#at });
      if (!isExport) this.#values.set(name, value);
    } while (/[ \t\\]/.test(this.#text[this.#at] ?? '') && !this.#isAtEnd());
    if (isExport) for (const { name, value } of found) this.#values.set(name, value);
    this.#found.push(...found);
  }

  /** Tells whether only blanks and a comment follow in this command. */
  #isAtEnd(): boolean {
    return /(?:[ \t]|\\\n)*(?=[\n;#]|$)/y.test(this.#text.slice(this.#at));
  }

  #value(isExport: boolean, earlier: ReadonlySet<string> | undefined): string {
    let value = '';
    for (;;) {
      const plain = this.#skip(/[^\s;&|<>()'"\\$`~*?[:]+|[*?[:](?!~)/y);
      if (isExport && /[*?[]/.test(plain)) this.#refuse('put the value in quotes');
      value += plain;
      if (plain !== '') continue;
      const next = this.#text[this.#at];
      if (next === undefined || ' \t\n;'.includes(next)) return value;
      if (next === "'") value += this.#single();
      else if (next === '"') value += this.#double(earlier);
      else if (next === '\\') value += this.#escape(/[\s\S]/y);
      else if (next === '$') {
        const expanded = this.#expansion(earlier);
        if (isExport && /[\s*?[\\]/.test(expanded)) this.#refuse('put the value in double quotes');
        value += expanded;
      } else this.#refuse(`${shown(next)} is not read here: put the value in quotes`);
    }
  }

  #single(): string {
    const text = this.#skip(/'[^']*'/y);
    if (text === '') this.#refuse("the closing ' is missing");
    return text.slice(1, -1);
  }

  #double(earlier: ReadonlySet<string> | undefined): string {
    const begin = this.#at;
    this.#at += 1;
    let value = '';
    for (;;) {
      value += this.#skip(/[^"\\$`]*/y);
      const next = this.#text[this.#at];
      if (next === undefined) {
        this.#at = begin;
        this.#refuse('the closing " is missing');
      }
      if (next === '"') {
        this.#at += 1;
        return value;
      }
      if (next === '\\') value += this.#escape(/[$`"\\\n]/y);
      else if (next === '$') value += this.#expansion(earlier);
      else this.#refuse('no command is run here: write out what it prints');
    }
  }

  /** @param escapable characters before which a `\` is removed */
  #escape(escapable: RegExp): string {
    this.#at += 1;
    const char = this.#skip(escapable);
    if (char === '') return '\\';
    return char === '\n' ? '' : char;
  }

  #expansion(earlier: ReadonlySet<string> | undefined): string {
    this.#at += 1;
    const name = this.#skip(/[A-Za-z_]\w*/y);
    if (this.#text.startsWith('\\\n', this.#at))
      this.#refuse('write $NAME without a line end in it or behind it');
    if (name !== '') return this.#valueOf(name, earlier);
    if (this.#text[this.#at] === '{') return this.#braces(earlier);
    if (/[(]/.test(this.#text[this.#at] ?? ''))
      this.#refuse('no command is run here: write out what it prints');
    if (/[\w@*#?$!'"-]/.test(this.#text[this.#at] ?? '') && this.#text[this.#at] !== '"')
      this.#refuse(`$${this.#text[this.#at]} is not read here: write out the value`);
    return '$';
  }

  #braces(earlier: ReadonlySet<string> | undefined): string {
    this.#at += 1;
    const name = this.#skip(/[A-Za-z_]\w*/y);
    const operator = this.#skip(/:?[-=+]/y);
    if (name === '' || (operator === '' && this.#text[this.#at] !== '}'))
      this.#refuse('this expansion is not read here: write out the value');
    const known = this.#values.get(name);
    const isSet = known !== undefined && !(operator.startsWith(':') && known === '');
    const word = this.#wordInBraces(earlier);
    this.#at += 1;
    if (operator === '') return this.#valueOf(name, earlier);
    if (earlier?.has(name)) this.#refuse(`write \${${name}} in a line of its own`);
    if (operator.endsWith('+')) return isSet ? word() : '';
    if (isSet) return known;
    const value = word();
    if (operator.endsWith('=')) this.#values.set(name, value);
    return value;
  }

  /** @returns a function that expands the word: a shell expands it only if needed */
  #wordInBraces(earlier: ReadonlySet<string> | undefined): () => string {
    const parts: (() => string)[] = [];
    for (;;) {
      const plain = this.#skip(/[^}'"\\$`~\n]+/y);
      if (plain !== '') parts.push(() => plain);
      else if (this.#text[this.#at] === '}') return () => parts.map((part) => part()).join('');
      else if (this.#text[this.#at] === '$') {
        const from = this.#at;
        this.#at += 1;
        if (this.#skip(/[A-Za-z_]\w*/y) === '') this.#refuse('write out the value');
        const end = this.#at;
        parts.push(() => this.#valueOf(this.#text.slice(from + 1, end), earlier));
      } else this.#refuse('this expansion is not read here: write out the value');
    }
  }

  #valueOf(name: string, earlier: ReadonlySet<string> | undefined): string {
    if (earlier?.has(name)) this.#refuse(`write $${name} in a line of its own`);
    const value = this.#values.get(name) ?? (UNSET.has(name) ? '' : undefined);
    if (value === undefined) this.#refuse(`$${name} has no value in this file: write out its value`);
    return value;
  }

  #word(): string {
    return this.#skip(/\S{0,40}/y);
  }

  /** Consumes and returns the text that matches here; empty if none does. */
  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [text = ''] = pattern.exec(this.#text) ?? [];
    this.#at += text.length;
    return text;
  }

  get #line(): number {
    return this.#text.slice(0, this.#at).split('\n').length;
  }

  #refuse(text: string): never {
    throw new UnreadableLine(this.#line, text);
  }
}

function shown(text: string): string {
  return text === '\r' ? 'a carriage return (save the file with Unix line ends)' : `'${text}'`;
}
