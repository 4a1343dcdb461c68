/**
 * /etc/default/greyd, where the unit and the init script find the options of the daemon, and greyctl those that it has
 * in common with it: POSTGREY_OPTS, POSTGREY_TEXT and GREYD_STORE_PASSWORD.
 *
 *   started by systemd        nothing is expanded; the words of POSTGREY_OPTS may be quoted   (environment-file)
 *   started by an init script a shell reads it; POSTGREY_OPTS is split at each blank          (sourced-variables)
 *
 * It is read as whatever starts services here reads it; where the other would get something else, that is told with the
 * line, and what to write.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readCommandLine, UsageError } from '../command-line.ts';
import { OPTION_TABLE } from '../option-table.ts';
import { PASSWORD_VARIABLE } from '../shared-store-options.ts';
import { systemdAssignments, systemdWords } from './environment-file.ts';
import { shellAssignments, UnreadableLine } from './sourced-variables.ts';

export const DEFAULTS_FILE = '/etc/default/greyd';

export interface DaemonDefaults {
  /** The options that stand there, by name. */
  readonly given: Readonly<Record<string, unknown>>;
  /** For --store. */
  readonly storePassword: string | undefined;
}

const NOTHING: DaemonDefaults = { given: {}, storePassword: undefined };

/** What starts a daemon, and reads its file of variables. */
export type Starter = 'systemd' | 'init script';

/** What starts services on this machine. */
export function starterHere(): Starter {
  return existsSync('/run/systemd/system') ? 'systemd' : 'init script';
}

/**
 * @param path undefined: DEFAULTS_FILE, which need not be there
 * @param tell is told if it may not be read from here, and where systemd and an init script get different options
 * @throws {UsageError} if it cannot be read, or holds what greyd would not start with
 */
export function readDaemonDefaults(
  path: string | undefined,
  tell: (line: string) => void,
  starter = starterHere(),
): DaemonDefaults {
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
  const { values, words } = readAs(starter, text, file);
  if (starter === 'systemd') for (const line of differences(text, file)) tell(line);
  const greylistText = values.get('POSTGREY_TEXT') ?? '';
  const argv = greylistText === '' ? words : [...words, `--greylist-text=${greylistText}`];
  try {
    const { given, wasGiven } = readCommandLine<Record<string, unknown>>(DAEMON, argv, () => {});
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

/** What a daemon is started with. */
export interface Variables {
  readonly values: ReadonlyMap<string, string>;
  /** Those of POSTGREY_OPTS. */
  readonly words: readonly string[];
}

/**
 * The values that a file gives.
 * @param file for messages
 * @throws {UsageError} with file and line, if a shell would do what is not done here
 */
export function readAs(starter: Starter, text: string, file: string): Variables {
  try {
    const assignments = starter === 'systemd' ? systemdAssignments(text) : shellAssignments(text);
    const values = new Map(assignments.map(({ name, value }) => [name, value]));
    const opts = values.get('POSTGREY_OPTS') ?? '';
    return {
      values,
      words: starter === 'systemd' ? systemdWords(opts) : opts.split(/[ \t\n]+/).filter(Boolean),
    };
  } catch (error) {
    if (error instanceof UnreadableLine) throw new UsageError(`${file}:${error.line}: ${error.message}`);
    throw error;
  }
}

/** Variables that reach the daemon. */
const NAMES = ['POSTGREY_OPTS', 'POSTGREY_TEXT', PASSWORD_VARIABLE] as const;

/** Where systemd and an init script get different values of a file: lines for the administrator. */
export function differences(text: string, file: string): string[] {
  const bySystemd = systemdAssignments(text);
  let byShell: ReturnType<typeof shellAssignments>;
  try {
    byShell = shellAssignments(text);
  } catch (error) {
    if (!(error instanceof UnreadableLine)) throw error;
    return [
      `${file}:${error.line}: an init script does not read this line as systemd does: ${error.message}`,
    ];
  }
  return NAMES.flatMap((name) => {
    const [ofShell, ofSystemd] = [byShell, bySystemd].map((all) => all.findLast((one) => one.name === name));
    const [sourced = '', systemd = ''] = [ofShell?.value, ofSystemd?.value];
    if (sourced === systemd) return [];
    const line = ofShell?.line ?? ofSystemd?.line;
    const instead = name === PASSWORD_VARIABLE ? `${name}='...', without ' in it` : literal(name, sourced);
    return [
      `${file}:${line}: systemd does not read ${name} as an init script does, it expands nothing: write ${instead}`,
    ];
  });
}

/** A line that systemd and a shell read alike. */
export function literal(name: string, value: string): string {
  return `${name}="${value.replace(/["\\$`]/g, '\\$&')}"`;
}
