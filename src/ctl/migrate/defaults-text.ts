/**
 * /etc/default/greyd with other values: what else stands there stays as it is, comments too.
 *
 * A value is written between double quotes, as both a shell and systemd read it. The last assignment of a name is
 * the one that counts, and so the one that is replaced; where there is none, a line is added at the end.
 */

/** @param values by name; undefined: as if it were not there */
export function withVariables(text: string, values: Readonly<Record<string, string | undefined>>): string {
  let result = text;
  for (const [name, value] of Object.entries(values)) result = withVariable(result, name, value);
  return result;
}

function withVariable(text: string, name: string, value: string | undefined): string {
  const assignments = [
    ...text.matchAll(
      new RegExp(
        String.raw`^[ \t]*${name}=(?:[ \t]*(?:"(?:\\[\s\S]|[^"\\])*"|'[^']*')[ \t]*$|(?:\\\r?\n|[^\r\n])*)`,
        'gm',
      ),
    ),
  ];
  const last = assignments.at(-1);
  if (last === undefined && value === undefined) return text;
  const line = `${name}=${quoted(value ?? '')}`;
  if (last !== undefined) {
    return text.slice(0, last.index) + line + text.slice(last.index + last[0].length);
  }
  const isEnded = text === '' || text.endsWith('\n');
  return `${text}${isEnded ? '' : '\n'}${line}\n`;
}

function quoted(value: string): string {
  return `"${value.replace(/["\\$`]/g, '\\$&')}"`;
}
