/**
 * /etc/default/greyd, where the unit finds the options of the daemon, and greyctl those that it has in common
 * with it. It is read as systemd reads it (systemd.exec(5), EnvironmentFile=):
 *
 *   line  :== [ NAME "=" value ] | "#" comment     NAME: POSTGREY_OPTS, POSTGREY_TEXT, GREYD_STORE_PASSWORD
 *   value :== text | "'" text "'" | '"' text '"'   the last line of a name counts; \ before the end of a line goes
 *                                                  on in the next one, and between "" before a " and a \ quotes it
 *
 * POSTGREY_OPTS is then split at blanks that stand in no quotes, which are taken away (systemd.service(5), $NAME).
 * Known limit: nothing is expanded, no `$NAME` and no command; systemd does not do so either.
 */
import { readFileSync } from 'node:fs';
import { readCommandLine, UsageError } from '../command-line.ts';
import { OPTION_TABLE } from '../option-table.ts';
import { PASSWORD_VARIABLE } from '../shared-store-options.ts';

export const DEFAULTS_FILE = '/etc/default/greyd';

export interface DaemonDefaults {
  /** The options that stand there, by name. */
  readonly given: Readonly<Record<string, unknown>>;
  /** For --store. */
  readonly storePassword: string | undefined;
}

const NOTHING: DaemonDefaults = { given: {}, storePassword: undefined };

/**
 * @param path undefined: DEFAULTS_FILE, which need not be there
 * @param tell is told if it may not be read from here
 * @throws {UsageError} if it cannot be read, or holds what greyd would not start with
 */
export function readDaemonDefaults(path: string | undefined, tell: (line: string) => void): DaemonDefaults {
  const file = path ?? DEFAULTS_FILE;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (path !== undefined) throw new UsageError(`--defaults=${path}: it cannot be read: ${message}`);
    if (code !== 'ENOENT')
      tell(`${file} cannot be read (${code}), so the options of greyd there are not known`);
    return NOTHING;
  }
  const values = readVariables(text);
  const words = wordsOf(values.get('POSTGREY_OPTS') ?? '');
  const greylistText = values.get('POSTGREY_TEXT') ?? '';
  if (greylistText !== '') words.push(`--greylist-text=${greylistText}`);
  try {
    const { given, wasGiven } = readCommandLine<Record<string, unknown>>(DAEMON, words, () => {});
    return {
      given: Object.fromEntries(Object.entries(given).filter(([name]) => wasGiven(name))),
      storePassword: values.get(PASSWORD_VARIABLE) || undefined,
    };
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

const DAEMON = { name: 'greyd', usage: '', description: '', options: OPTION_TABLE };

/** The values that are assigned in the text of such a file. */
export function readVariables(text: string): ReadonlyMap<string, string> {
  return new Map(assignmentsIn(text).map(({ name, value }) => [name, value]));
}

/** One `NAME=value`, and where it stands in the text. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  readonly start: number;
  /** Behind it, before the end of the line. */
  readonly end: number;
}

/** A comment, which may go on in the next line too, or an assignment: name, and value in "", in '' or bare. */
const LINE =
  /^[ \t]*(?:[#;](?:\\\r?\n|.)*|(\w+)=(?:[ \t]*(?:"((?:\\[\s\S]|[^"\\])*)"|'([^']*)')[ \t]*(?=\r?$)|((?:\\\r?\n|[^\r\n])*)))/gm;

export function assignmentsIn(text: string): Assignment[] {
  return [...text.matchAll(LINE)].flatMap(({ 0: line, 1: name, 2: double, 3: single, 4: bare, index }) => {
    if (name === undefined) return [];
    const written = (double ?? single ?? bare?.trim() ?? '').replace(/\\\r?\n/g, '');
    const value = double === undefined ? written : written.replace(/\\(["\\$`])/g, '$1');
    return { name, value, start: index, end: index + line.length };
  });
}

/** `a "b c" d='e f'` is `a`, `b c` and `d=e f`. */
export function wordsOf(text: string): string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
}
