/**
 * Options as they stand on a command line of the daemon, each under its long name, so that some can be taken out
 * and the others written anew.
 *
 *   -d -i 10023 --delay 60    is    --inet=10023 --delay=60 --daemonize
 *
 * Those with a value come first, in their order. Of one that stands there twice the last counts.
 */
import { type OptionEntry, partsOf, readCommandLine, UsageError } from '../../command-line.ts';
import { OPTION_TABLE } from '../../option-table.ts';
import { nameOf } from '../command.ts';

export interface GivenOption {
  /** `--inet` */
  readonly name: string;
  /** undefined: it stands there without. */
  readonly value: string | undefined;
}

export interface GivenLine {
  readonly options: readonly GivenOption[];
  /** Words that belong to no option. */
  readonly strays: readonly string[];
  /** Options behind the first of them, which postgrey does not read. */
  readonly late: readonly string[];
}

/** @throws {UsageError} if there is no such option, or its value is missing; values are not looked at */
export function readGivenOptions(words: readonly string[]): GivenLine {
  const valued: GivenOption[] = [];
  const collecting = OPTION_TABLE.map(({ flags, help, aliases = [], repeatable }): OptionEntry => {
    const { long: name, value } = partsOf(flags);
    if (value === '') return { flags, help, aliases };
    const parse = (text: string) => {
      const earlier = valued.findIndex((option) => option.name === name);
      if (!repeatable && earlier !== -1) valued.splice(earlier, 1);
      valued.push({ name, value: text });
      return text;
    };
    return { flags, help, aliases, parse };
  });
  const program = { name: 'greyd', usage: '', description: '', options: collecting };
  const line = readCommandLine<Record<string, unknown>>(program, words, () => {});
  const bare = collecting.filter(({ flags }) => line.given[nameOf(flags)] === true);
  const names = bare.map(({ flags }) => ({ name: partsOf(flags).long, value: undefined }));
  return { options: [...valued, ...names], strays: line.words, late: line.late };
}

/** As words of a command line. */
export function wordsOfOptions(options: readonly GivenOption[]): string[] {
  return options.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`));
}

/**
 * As a text that systemd splits into words, as POSTGREY_OPTS.
 * @throws {UsageError} if there is no way to write one of them so
 */
export function textOfOptions(options: readonly GivenOption[]): string {
  return wordsOfOptions(options).map(quoted).join(' ');
}

/** Of these words one that an init script would get otherwise than it is meant: it knows no quotes in POSTGREY_OPTS. */
export function tornWord(options: readonly GivenOption[]): string | undefined {
  return wordsOfOptions(options).find((word) => quoted(word) !== word);
}

function quoted(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\');
  if (!/[\s"']/.test(word)) return escaped;
  if (!word.includes("'")) return `'${escaped}'`;
  if (!word.includes('"')) return `"${escaped}"`;
  throw new UsageError(`${word}: it has both kinds of quotes, leave one of them out`);
}
