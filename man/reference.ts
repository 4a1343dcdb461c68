/**
 * The tables of options in docs/reference.md, made of the tables of the programs as the pages of the manual are.
 */

import { allCommands } from '../src/ctl/commands/table.ts';
import type { OptionEntry } from '../src/options/command-line.ts';
import { OPTION_TABLE } from '../src/options/table.ts';

const COMMANDS = await allCommands();

export const REFERENCE_PATH = 'docs/reference.md';

/** The rows of each table that is made, by its heading. */
const TABLES: Readonly<Record<string, () => readonly string[]>> = {
  '| option | default | meaning |': () => OPTION_TABLE.map(row),
  '| option of greyctl | default | meaning | commands |': greyctlRows,
};

/**
 * Renews the tables in the text of the page.
 * @throws if one of them is not there
 */
export function makeReference(text: string): string {
  const lines = text.split('\n');
  for (const [heading, rows] of Object.entries(TABLES)) {
    const at = lines.indexOf(heading);
    if (at === -1) throw new Error(`${REFERENCE_PATH}: the table ${heading} is missing`);
    const first = at + 2;
    lines.splice(first, lines.indexOf('', first) - first, ...rows());
  }
  return lines.join('\n');
}

function row({ flags, help, default: value, defaultText }: OptionEntry): string {
  const shown =
    defaultText ??
    [value ?? '']
      .flat()
      .map((one) => (one === '' ? '' : `\`${one}\``))
      .join(', ');
  return `| ${markdownFlags(flags)} | ${shown} | ${help} |`;
}

/** Writes `-u, --unix <PATH>` as `-u`, `--unix=PATH`. */
function markdownFlags(flags: string): string {
  const [, short, long = '', value = ''] = /^(?:(-\w), )?(--[\w-]+)(?: (<.*>|\[.*\]))?$/.exec(flags) ?? [];
  const withValue = value.startsWith('<')
    ? `${long}=${value.slice(1, -1)}`
    : value && `${long}[=${value.slice(1, -1)}]`;
  return [short, withValue || long]
    .filter(Boolean)
    .map((flag) => `\`${flag}\``)
    .join(', ');
}

/** Each option of greyctl once, with the commands that have it, but for those of the daemon. */
function greyctlRows(): string[] {
  const commandsOf = new Map<string, string[]>();
  for (const [name, { program }] of COMMANDS) {
    for (const entry of program.options.filter(isOwn)) {
      commandsOf.set(row(entry), [...(commandsOf.get(row(entry)) ?? []), name]);
    }
  }
  return [...commandsOf].map(([own, names]) => `${own} ${names.map((name) => `\`${name}\``).join(', ')} |`);
}

/** Tells whether an option of a command needs a row of its own: it is not --help, and not as the daemon has it. */
function isOwn({ flags, help }: OptionEntry): boolean {
  return (
    flags !== '-h, --help' && !OPTION_TABLE.some((entry) => entry.flags === flags && entry.help === help)
  );
}
