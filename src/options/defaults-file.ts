/**
 * Reads /etc/default/greyd, which holds the options of the daemon for its unit and init script, and for greyctl those
 * that both have: POSTGREY_OPTS, POSTGREY_TEXT and GREYD_STORE_PASSWORD.
 *
 *   started by systemd        nothing is expanded; the words of POSTGREY_OPTS may be quoted   (environment-file)
 *   started by an init script a shell reads it; POSTGREY_OPTS is split at each blank          (sourced-variables)
 *
 * The file is read as the service manager of this machine reads it. Where systemd and an init script would get
 * different values, a warning names the line, and what to write.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readCommandLine, UsageError } from './command-line.ts';
import { systemdAssignments, systemdWords } from './environment-file.ts';
import { PASSWORD_VARIABLE } from './shared.ts';
import { shellAssignments, UnreadableLine } from './sourced-variables.ts';
import { OPTION_TABLE } from './table.ts';

export const DEFAULTS_FILE = '/etc/default/greyd';

export interface DaemonDefaults {
  /** The options in the file, by name. */
  readonly given: Readonly<Record<string, unknown>>;
  /** The password for --store. */
  readonly storePassword: string | undefined;
}

const NO_DEFAULTS: DaemonDefaults = { given: {}, storePassword: undefined };

/** The kind of service manager that reads the file and starts the daemon. */
export type Starter = 'systemd' | 'init script';

/** Returns the kind of service manager of this machine. */
export function starterHere(): Starter {
  return existsSync('/run/systemd/system') ? 'systemd' : 'init script';
}

/**
 * @param path undefined: DEFAULTS_FILE, which need not exist
 * @param tell gets a warning if DEFAULTS_FILE cannot be read, or systemd and an init script get different options
 * @throws {UsageError} if `path` cannot be read, or greyd would not start with its options
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
    if (path !== undefined) throw new UsageError(`--defaults=${path}: cannot be read: ${message}`);
    if (code !== 'ENOENT') tell(`cannot read ${file} (${code}): using default options, not those of greyd`);
    return NO_DEFAULTS;
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

/** The variables that a daemon is started with. */
export interface Variables {
  readonly values: ReadonlyMap<string, string>;
  /** The words of POSTGREY_OPTS. */
  readonly words: readonly string[];
}

/**
 * Returns the values that a file gives.
 * @param file its name, for messages
 * @throws {UsageError} with file and line, if a shell would do more than assign values
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

/** The variables that the daemon uses. */
const NAMES = ['POSTGREY_OPTS', 'POSTGREY_TEXT', PASSWORD_VARIABLE] as const;

/** Returns a warning for each variable of a file that systemd and an init script read differently. */
export function differences(text: string, file: string): string[] {
  const bySystemd = systemdAssignments(text);
  let byShell: ReturnType<typeof shellAssignments>;
  try {
    byShell = shellAssignments(text);
  } catch (error) {
    if (!(error instanceof UnreadableLine)) throw error;
    return [`${file}:${error.line}: systemd and an init script read this line differently: ${error.message}`];
  }
  return NAMES.flatMap((name) => {
    const [ofShell, ofSystemd] = [byShell, bySystemd].map((all) => all.findLast((one) => one.name === name));
    const [sourced = '', systemd = ''] = [ofShell?.value, ofSystemd?.value];
    if (sourced === systemd) return [];
    const line = ofShell?.line ?? ofSystemd?.line;
    const instead = name === PASSWORD_VARIABLE ? `${name}='...', without ' in it` : literal(name, sourced);
    return [
      `${file}:${line}: systemd and an init script read ${name} differently (systemd expands nothing): write ${instead}`,
    ];
  });
}

/** Returns an assignment that systemd and a shell read alike. */
export function literal(name: string, value: string): string {
  return `${name}="${value.replace(/["\\$`]/g, '\\$&')}"`;
}
