/**
 * Plain text as mdoc(7), the macros of manual pages: prose, displays, lists of options, usages. The texts
 * are those of --help; what they hold that looks like an option, a page or an indented example becomes one.
 *
 * The pages are plain ASCII, and pass `mandoc -T lint`: no line is longer than WIDTH but in displays, and
 * each sentence begins a line.
 */
import { type OptionEntry, partsOf } from '../src/options/command-line.ts';

const WIDTH = 78;

/** A word that mdoc could take for the name of a macro. */
const MACRO_NAME = /^(?:%[A-Z]|[A-Z][a-z]{1,2})$/;

/** Characters with a meaning to roff, and those that it prints as other ones, which must not be copied. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '"': '\\(dq',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '-': '\\-',
};

/** `--name`, `--name=VALUE` or `access(5)`, with the punctuation around it. */
const SPECIAL_WORD =
  /^([("]*)(?:(--[a-z][\w-]*)(?:(=)([\w./:…,-]*\w))?|([a-z][\w.-]*)\((\d)\))([.,;:)"?!]*)$/;

/** Escapes a text for the arguments of a macro, or a line of prose, so that nothing in it is a command. */
function literal(text: string): string {
  return text
    .replace(/[\\"'`^~-]/g, (character) => ESCAPES[character] ?? character)
    .replace(/[^ -~]/gu, (character) => {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      return `\\[u${code}]`;
    });
}

/** Escapes one argument of a macro. */
function argument(text: string): string {
  // At the end, punctuation would stand outside of what the macro does.
  const escaped = literal(text).replace(/[.,:;)\]?!]$/, '$&\\&');
  if (MACRO_NAME.test(escaped)) return `\\&${escaped}`;
  return /\s/.test(escaped) ? `"${escaped}"` : escaped;
}

/** Returns lines of prose: each sentence begins a line, options and pages are on separate lines. */
export function prose(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  const end = () => {
    if (line !== '') lines.push(/^[.']/.test(line) ? `\\&${line}` : line);
    line = '';
  };
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const macro = macroOf(word);
    if (macro !== undefined) {
      end();
      lines.push(macro);
      continue;
    }
    const shown = literal(word);
    if (line !== '' && line.length + 1 + shown.length > WIDTH) end();
    line += line === '' ? shown : ` ${shown}`;
    if (/[.?!][)"]*$/.test(word)) end();
  }
  end();
  return lines;
}

/** Returns the line for a word of prose that has a macro of its own. */
function macroOf(word: string): string | undefined {
  const match = SPECIAL_WORD.exec(word);
  if (match === null) return undefined;
  const [, before = '', option, equals, value, page, section, after = ''] = match;
  const macro =
    option === undefined
      ? `Xr ${page} ${section}`
      : `Fl ${argument(option.slice(1))}${equals === undefined ? '' : ` Ns = Ns Ar ${argument(value ?? '')}`}`;
  const opening = before === '' ? '' : `Pf ${literal(before)} `;
  return `.${opening}${macro}${[...after].map((character) => ` ${literal(character)}`).join('')}`;
}

/** Returns a display: lines that are shown unchanged. */
export function display(lines: readonly string[]): string[] {
  const shown = lines.map((line) => literal(line).replace(/^(?=\.)/, '\\&'));
  return ['.Bd -literal -offset indent', ...shown, '.Ed'];
}

/** Converts a description of --help: paragraphs between empty lines, and in them indented lines, which become displays. */
export function description(text: string): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n\n')) {
    if (lines.length > 0) lines.push('.Pp');
    for (const part of paragraph.match(/(?:^ .*\n?)+|(?:^(?! ).*\n?)+/gm) ?? []) {
      const isIndented = part.startsWith(' ');
      lines.push(...(isIndented ? display(withoutIndent(part.trimEnd().split('\n'))) : prose(part)));
    }
  }
  // A display makes its own distance.
  return lines.filter((line, index) => line !== '.Pp' || !(lines[index + 1] ?? '.Bd').startsWith('.Bd'));
}

function withoutIndent(lines: readonly string[]): string[] {
  const indent = Math.min(...lines.map((line) => line.search(/\S|$/)));
  return lines.map((line) => line.slice(indent));
}

/** Converts the usage after the name of a program: `[--dbdir=PATH] FILE | -`. */
export function usage(text: string): string[] {
  const lines: string[] = [];
  let isOpen = false;
  for (const [part] of text.matchAll(/\[[^\]]*(?:\[[^\]]*\][^\]]*)*\](?=\s|$)|\S+/g)) {
    const optional = /^\[(.*)\]$/s.exec(part)?.[1];
    if (optional !== undefined) lines.push(`.Op ${optional.split(/\s+/).map(usageWord).join(' ')}`);
    else if (isOpen) lines.push(`${lines.pop()} ${usageWord(part)}`);
    else lines.push(`.${part === '|' ? 'No |' : usageWord(part)}`);
    isOpen = optional === undefined;
  }
  return lines;
}

/** Marks a literal word as a command of mdoc, a placeholder as an argument. */
function usageWord(word: string): string {
  if (word === '|') return word;
  const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  const rest = value === undefined ? '' : ` Ns = Ns Ar ${argument(value)}`;
  if (name.startsWith('--')) return `Fl ${argument(name.slice(1))}${rest}`;
  const isKeyword = /^[a-z_]+$/.test(name) && name !== 'options';
  return `${isKeyword ? 'Cm' : 'Ar'} ${argument(name)}${rest}`;
}

/** Returns a list of options, each with its meaning and its default. */
export function optionList(options: readonly OptionEntry[]): string[] {
  return ['.Bl -tag -width Ds', ...options.flatMap(optionItem), '.El'];
}

function optionItem({ flags, help, default: value, defaultText }: OptionEntry): string[] {
  const values = [value ?? []].flat();
  const shown =
    defaultText !== undefined
      ? prose(defaultText)
      : values.map((one, index) => {
          const text = typeof one === 'number' ? `No ${one}` : `Ql ${argument(one)}`;
          return `.${text}${index < values.length - 1 ? ' ,' : ''}`;
        });
  return [
    `.It ${optionFlags(flags)}`,
    ...prose(help),
    ...(shown.length === 0 ? [] : ['.Po default :', ...shown, '.Pc']),
  ];
}

/** Converts `-u, --unix <PATH>` to macros. */
export function optionFlags(flags: string): string {
  const { short, long, value, isValueOptional } = partsOf(flags);
  const given = `= Ns Ar ${argument(value)}`;
  const withValue = value === '' ? '' : isValueOptional ? ` Ns Op ${given}` : ` Ns ${given}`;
  return `${short === undefined ? '' : `Fl ${short.slice(1)} , `}Fl ${argument(long.slice(1))}${withValue}`;
}
