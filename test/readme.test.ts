/**
 * README.md and the table of options say the same.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { OptionEntry } from '../src/command-line.ts';
import { OPTION_TABLE } from '../src/option-table.ts';

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

test('README.md lists every option with its default', () => {
  const lines = readFileSync('README.md', 'utf8').split('\n');
  const start = lines.indexOf('| option | default | meaning |');
  const rows = lines.slice(start + 2, lines.indexOf('', start));
  expect(rows).toEqual(OPTION_TABLE.map(readmeRow));
});
