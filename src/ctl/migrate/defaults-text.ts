/**
 * /etc/default/greyd with other values: what else stands there stays as it is, comments too.
 *
 * A value is written between double quotes, as both a shell and systemd read it. The last assignment of a name is
 * the one that counts, and so the one that is replaced; where there is none, a line is added at the end.
 */
import { assignmentsIn } from '../defaults-file.ts';

/** @param values by name; undefined: as if it were not there */
export function withVariables(text: string, values: Readonly<Record<string, string | undefined>>): string {
  let result = text;
  for (const [name, value] of Object.entries(values)) result = withVariable(result, name, value);
  return result;
}

function withVariable(text: string, name: string, value: string | undefined): string {
  const last = assignmentsIn(text).findLast((assignment) => assignment.name === name);
  if (last === undefined && value === undefined) return text;
  const line = `${name}=${quoted(value ?? '')}`;
  if (last !== undefined) return text.slice(0, last.start) + line + text.slice(last.end);
  const isEnded = text === '' || text.endsWith('\n');
  return `${text}${isEnded ? '' : '\n'}${line}\n`;
}

function quoted(value: string): string {
  return `"${value.replace(/["\\$`]/g, '\\$&')}"`;
}
