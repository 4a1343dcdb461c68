/**
 * Reads the options of a command line of the daemon under their long names, so that some can be removed and the others
 * written again.
 *
 *   -d -i 10023 --delay 60    is    --inet=10023 --delay=60 --daemonize
 *
 * Options with a value come first, in their order. The last of two equal ones counts.
 */

import {
  type OptionEntry,
  partsOf,
  readCommandLine,
  UsageError,
  valueNameOf,
} from '../../options/command-line.ts';
import { OPTION_TABLE } from '../../options/table.ts';

export interface GivenOption {
  /** `--inet` */
  readonly name: string;
  /** undefined: the option has no value. */
  readonly value: string | undefined;
}

export interface GivenLine {
  readonly options: readonly GivenOption[];
  /** Arguments that belong to no option. */
  readonly strays: readonly string[];
  /** Options after the first such argument, which postgrey does not read. */
  readonly late: readonly string[];
}

/** @throws {UsageError} if there is no such option, or its value is missing; values are not checked */
export function readGivenOptions(words: readonly string[]): GivenLine {
  const valued: GivenOption[] = [];
  const collecting = (OPTION_TABLE as readonly OptionEntry[]).map(
    ({ flags, help, aliases = [], repeatable }): OptionEntry => {
      const { long: name, value } = partsOf(flags);
      if (value === '') return { flags, help, aliases };
      const parse = (text: string) => {
        const earlier = valued.findIndex((option) => option.name === name);
        if (!repeatable && earlier !== -1) valued.splice(earlier, 1);
        valued.push({ name, value: text });
        return text;
      };
      return { flags, help, aliases, parse };
    },
  );
  const program = { name: 'greyd', usage: '', description: '', options: collecting };
  const line = readCommandLine<Record<string, unknown>>(program, words, () => {});
  const bare = collecting.filter(({ flags }) => line.given[valueNameOf(flags)] === true);
  const names = bare.map(({ flags }) => ({ name: partsOf(flags).long, value: undefined }));
  return { options: [...valued, ...names], strays: line.words, late: line.late };
}

/** Returns options as words of a command line. */
export function wordsOfOptions(options: readonly GivenOption[]): string[] {
  return options.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`));
}

/**
 * Returns options as a text that systemd splits into words, for POSTGREY_OPTS.
 * @throws {UsageError} if an option cannot be written so
 */
export function textOfOptions(options: readonly GivenOption[]): string {
  return wordsOfOptions(options).map(quoted).join(' ');
}

/** Returns a word that an init script would misread, if there is one: it knows no quotes in POSTGREY_OPTS. */
export function tornWord(options: readonly GivenOption[]): string | undefined {
  return wordsOfOptions(options).find((word) => quoted(word) !== word);
}

function quoted(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\');
  if (!/[\s"']/.test(word)) return escaped;
  if (!word.includes("'")) return `'${escaped}'`;
  if (!word.includes('"')) return `"${escaped}"`;
  throw new UsageError(`${word}: cannot be written with both kinds of quotes; leave one out`);
}
