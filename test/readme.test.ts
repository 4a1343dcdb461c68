/**
 * README.md and the table of options say the same.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../src/ctl/commands.ts';
import type { OptionEntry } from '../src/options/command-line.ts';
import { OPTION_TABLE } from '../src/options/table.ts';

/** `-u, --unix <PATH>` as README.md writes it: `-u`, `--unix=PATH`. */
function readmeFlags(flags: string): string {
  const [, short, long = '', value = ''] = /^(?:(-\w), )?(--[\w-]+)(?: (<.*>|\[.*\]))?$/.exec(flags) ?? [];
  const withValue = value.startsWith('<')
    ? `${long}=${value.slice(1, -1)}`
    : value && `${long}[=${value.slice(1, -1)}]`;
  return [short, withValue || long]
    .filter(Boolean)
    .map((flag) => `\`${flag}\``)
    .join(', ');
}

function readmeRow({ flags, help, default: value, defaultText }: OptionEntry): string {
  const shown =
    defaultText ??
    [value ?? '']
      .flat()
      .map((one) => (one === '' ? '' : `\`${one}\``))
      .join(', ');
  return `| ${readmeFlags(flags)} | ${shown} | ${help} |`;
}

/**
 * Tells whether an option of a command needs its own row: it is not --help, and differs from that of the
 * daemon.
 */
function isOwn({ flags, help }: OptionEntry): boolean {
  return (
    flags !== '-h, --help' && !OPTION_TABLE.some((entry) => entry.flags === flags && entry.help === help)
  );
}

/** The rows of the table in README.md that has this heading. */
function rowsBelow(heading: string): string[] {
  const lines = readFileSync('README.md', 'utf8').split('\n');
  const start = lines.indexOf(heading);
  return lines.slice(start + 2, lines.indexOf('', start));
}

test('README.md lists every option with its default', () => {
  expect(rowsBelow('| option | default | meaning |')).toEqual(OPTION_TABLE.map((entry) => readmeRow(entry)));
});

test('README.md lists every option of greyctl once, with the commands that have it, but for those of the daemon', () => {
  const commandsOf = new Map<string, string[]>();
  for (const [name, { program }] of COMMANDS) {
    for (const entry of program.options.filter(isOwn)) {
      const row = readmeRow(entry);
      commandsOf.set(row, [...(commandsOf.get(row) ?? []), name]);
    }
  }
  const rows = [...commandsOf].map(
    ([row, names]) => `${row} ${names.map((name) => `\`${name}\``).join(', ')} |`,
  );
  expect(rowsBelow('| option of greyctl | default | meaning | commands |')).toEqual(rows);
});

test('each row of test/faults/README.md names a test, and each test there has a row', () => {
  const rows = readFileSync('test/faults/README.md', 'utf8').match(/^\| (?!fault |---).*$/gm) ?? [];
  const named = rows.map((row) => /\]\(([^)]+\.test\.ts)\) \|$/.exec(row)?.[1] ?? row);
  expect(rows.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join('test/faults', path)))).toEqual([]);
  const files = readdirSync('test/faults').filter((name) => name.endsWith('.test.ts'));
  expect(files.filter((name) => !named.includes(name))).toEqual([]);
});
