/**
 * Reads a file of variables as systemd reads an EnvironmentFile= (systemd.exec(5)):
 *
 *   line  :== [ NAME "=" value ] | ( "#" | ";" ) comment
 *   value :== *( "'" text "'" | '"' text '"' ) [ text ]
 *
 * Nothing is expanded, and other lines, as `export NAME=value`, are ignored. A `\` at the end of a line continues it;
 * within "" it quotes one of `"\$` and the backquote, in the text after that any character. Blanks around a value are
 * dropped. The last assignment of a name counts.
 */
import type { Assignment } from './sourced-variables.ts';

/** Returns the assignments of a file, in their order. */
export function systemdAssignments(text: string): Assignment[] {
  const found: Assignment[] = [];
  let at = 0;
  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const [match = ''] = pattern.exec(text) ?? [];
    at += match.length;
    return match;
  };
  while (at < text.length) {
    skip(/[ \t\r\n]*/y);
    const start = at;
    if (skip(/[#;](?:\\[\s\S]|[^\\\r\n])*/y) !== '') continue;
    const name = skip(/[^=\r\n]*/y).trim();
    if (skip(/=/y) === '') continue;
    const line = text.slice(0, start).split('\n').length;
    let value = '';
    for (;;) {
      skip(/[ \t]*/y);
      const single = skip(/'[^']*(?:'|$)/y);
      const double = single === '' ? skip(/"(?:\\[\s\S]|[^"\\])*(?:"|$)/y) : '';
      if (single !== '') value += single.replace(/^'|'$/g, '');
      else if (double !== '') value += unquotedValue(double.replace(/^"|"$/g, ''));
      else break;
    }
    const rest = skip(/(?:\\[\s\S]|[^\\\r\n])*/y).replace(/[ \t]+$/, '');
    value += rest.replace(/\\([\s\S])/g, (_, char: string) => (char === '\n' ? '' : char));
    if (/^[A-Za-z_]\w*$/.test(name)) found.push({ name, value, line, start, end: at });
  }
  return found;
}

function unquotedValue(text: string): string {
  return text.replace(/\\([\s\S])/g, (both, char: string) => {
    if (char === '\n') return '';
    return '"\\$`'.includes(char) ? char : both;
  });
}

/**
 * Splits POSTGREY_OPTS into words (systemd.service(5), $NAME): `a "b c" d='e f'` is `a`, `b c` and `d=e f`. A `\`
 * quotes the next character everywhere; an unclosed quote extends to the end.
 */
export function systemdWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quote === '' && ' \t\n\r'.includes(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= '';
    if (char === '\\') {
      at += 1;
      word += text[at] ?? '';
    } else if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else word += char;
  }
  return word === undefined ? words : [...words, word];
}
