/**
 * Makes the text of /etc/default/greyd for after a migration, and checks that greyd reads it as meant.
 */
import { UsageError } from '../../options/command-line.ts';
import { type Options, parseOptions } from '../../options/daemon.ts';
import { DEFAULTS_FILE, literal, readAs, type Starter } from '../../options/defaults-file.ts';
import { withVariables } from './defaults-text.ts';
import {
  type GivenOption,
  readGivenOptions,
  textOfOptions,
  tornWord,
  wordsOfOptions,
} from './given-options.ts';
import { droppedOptions, greydOptions, hasInet, withoutUnixSocket } from './greyd-options.ts';
import { GREYD, type ListPair } from './places.ts';
import type { PostgreyInstallation } from './postgrey-installation.ts';
import { readText } from './text-file.ts';

export interface NewDefaults {
  /** The whole text of the file. */
  readonly text: string;
  /** The line that turns --profile=smart on; undefined if a profile is on already. */
  readonly smartLine: string | undefined;
  /** The new values, in a line. */
  readonly summary: string;
  /** The options as greyd reads them, with postgrey's unix socket. */
  readonly options: Options;
  /** The former options of greyd. */
  readonly before: readonly GivenOption[];
  readonly notes: readonly string[];
}

/** @throws if greyd would not start with the new options; nothing was changed then */
export function newDefaults(
  postgrey: PostgreyInstallation,
  lists: readonly ListPair[],
  hasSocketUnits: boolean,
): NewDefaults {
  const starter: Starter = hasSocketUnits ? 'systemd' : 'init script';
  const before = textOfDefaults();
  const current = readGreydOptions(before, starter);
  const wanted = greydOptions(postgrey.options, current, lists);
  const words = wordsOfOptions(wanted);
  if (postgrey.text !== undefined) words.push(`--greylist-text=${postgrey.text}`);
  const options = parse(words, postgrey.defaults);
  if (!hasSocketUnits) refuseTorn(wanted, postgrey.defaults);
  const opts = textOfOptions(hasSocketUnits ? withoutUnixSocket(wanted) : wanted);
  const text = withVariables(before, { POSTGREY_OPTS: opts, POSTGREY_TEXT: postgrey.text });
  requireRead(text, opts, starter);
  return {
    text,
    smartLine:
      options.profile === 'postgrey' ? literal('POSTGREY_OPTS', `${opts} --profile=smart`) : undefined,
    summary: `POSTGREY_OPTS="${opts}"${postgrey.text === undefined ? '' : `, POSTGREY_TEXT="${postgrey.text}"`}`,
    options,
    before: current,
    notes: [
      ...(isUnixIgnored(postgrey) ? ['--unix is dropped: postgrey ignores it beside --inet'] : []),
      ...droppedNotes(before, droppedOptions(current, wanted), postgrey, starter),
    ],
  };
}

function isUnixIgnored({ options }: PostgreyInstallation): boolean {
  return hasInet(options) && options.some(({ name }) => name === '--unix');
}

/** Notes the options that the administrator had set for greyd, and that postgrey's replace. */
function droppedNotes(
  before: string,
  options: readonly GivenOption[],
  postgrey: PostgreyInstallation,
  starter: Starter,
): string[] {
  const dropped = wordsOfOptions(options);
  const text = readAs(starter, before, DEFAULTS_FILE).values.get('POSTGREY_TEXT') || undefined;
  if (text !== undefined && text !== postgrey.text) dropped.push(`POSTGREY_TEXT="${text}"`);
  if (dropped.length === 0) return [];
  return [`${DEFAULTS_FILE}: replaced by the options of postgrey: ${dropped.join(' ')}`];
}

function textOfDefaults(): string {
  try {
    return readText(DEFAULTS_FILE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    throw new Error(`cannot read ${DEFAULTS_FILE} (${code}): run greyctl as root`);
  }
}

/** Refuses a word that an init script would split: it splits POSTGREY_OPTS at each blank, also within quotes. */
function refuseTorn(options: readonly GivenOption[], file: string): void {
  const torn = tornWord(options);
  if (torn === undefined) return;
  throw new Error(
    `${file}: an init script cannot pass '${torn}' to greyd: remove its blanks, quotes and backslashes, or the option`,
  );
}

/** Requires that greyd gets the written options, whatever else is in the file. */
function requireRead(text: string, opts: string, starter: Starter): void {
  if (readAs(starter, text, DEFAULTS_FILE).values.get('POSTGREY_OPTS') === opts) return;
  throw new Error(`${DEFAULTS_FILE}: POSTGREY_OPTS at its end would be overridden; nothing was changed`);
}

function readGreydOptions(text: string, starter: Starter): readonly GivenOption[] {
  const { words } = readAs(starter, text, DEFAULTS_FILE);
  try {
    return readGivenOptions(words).options;
  } catch (error) {
    if (error instanceof UsageError) throw new Error(`${DEFAULTS_FILE}: ${error.message}`);
    throw error;
  }
}

function parse(words: readonly string[], file: string): Options {
  try {
    const options = parseOptions(words, { version: '', hostname: GREYD.service, inherited: [] });
    if (typeof options !== 'string') return options;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new Error(
      `${file}: greyd does not start with these options: ${error.message}; nothing was changed`,
    );
  }
  throw new Error(`${file}: --help, --man and --version start no daemon: remove them`);
}
