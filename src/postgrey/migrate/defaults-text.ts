/**
 * Changes values in the text of /etc/default/greyd; everything else is kept, comments too.
 *
 * A value is written in double quotes, which both a shell and systemd read. The last assignment of a name counts. It is
 * replaced in its place if both find it there; otherwise a line is added at the end.
 */
import { literal } from '../../options/defaults-file.ts';
import { systemdAssignments } from '../../options/environment-file.ts';
import { type Assignment, shellAssignments, UnreadableLine } from '../../options/sourced-variables.ts';

/** @param values by name; undefined: unset */
export function withVariables(text: string, values: Readonly<Record<string, string | undefined>>): string {
  let result = text;
  for (const [name, value] of Object.entries(values)) result = withVariable(result, name, value);
  return result;
}

function withVariable(text: string, name: string, value: string | undefined): string {
  const ofSystemd = lastOf(systemdAssignments(text), name);
  const ofShell = lastOf(readByShell(text), name);
  if (ofSystemd === undefined && !ofShell?.value && value === undefined) return text;
  const line = literal(name, value ?? '');
  // In a file that no shell can read only systemd has to find it.
  const isSame =
    ofShell === undefined || (ofShell.start === ofSystemd?.start && ofShell.end === ofSystemd.end);
  if (ofSystemd !== undefined && isSame)
    return text.slice(0, ofSystemd.start) + line + text.slice(ofSystemd.end);
  const isEnded = text === '' || text.endsWith('\n');
  return `${text}${isEnded ? '' : '\n'}${line}\n`;
}

function lastOf(assignments: readonly Assignment[], name: string): Assignment | undefined {
  return assignments.findLast((assignment) => assignment.name === name);
}

/** Returns no assignments if a shell would do more than assign. */
function readByShell(text: string): readonly Assignment[] {
  try {
    return shellAssignments(text);
  } catch (error) {
    if (error instanceof UnreadableLine) return [];
    throw error;
  }
}
