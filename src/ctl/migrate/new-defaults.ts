/**
 * What /etc/default/greyd says after a migration, checked by greyd's own reading of it.
 */
import { readFileSync } from 'node:fs';
import { UsageError } from '../../command-line.ts';
import { type Options, parseOptions } from '../../options.ts';
import { DEFAULTS_FILE, readVariables, wordsOf } from '../defaults-file.ts';
import { withVariables } from './defaults-text.ts';
import { type GivenOption, readGivenOptions, textOfOptions, wordsOfOptions } from './given-options.ts';
import { greydOptions, hasInet } from './greyd-options.ts';
import { GREYD, type ListPair } from './places.ts';
import type { PostgreyInstallation } from './postgrey-installation.ts';

export interface NewDefaults {
  /** All that the file is to hold. */
  readonly text: string;
  /** What of it is new, in a line. */
  readonly summary: string;
  /** As greyd understands them, with postgrey's unix socket. */
  readonly options: Options;
  /** Those that greyd has had until now. */
  readonly before: readonly GivenOption[];
  readonly notes: readonly string[];
}

/** @throws if greyd would not start with it; nothing was changed then */
export function newDefaults(
  postgrey: PostgreyInstallation,
  lists: readonly ListPair[],
  hasSocketUnits: boolean,
): NewDefaults {
  const before = textOfDefaults();
  const current = readGreydOptions(before);
  const words = wordsOfOptions(greydOptions(postgrey.options, current, lists, false));
  if (postgrey.text !== undefined) words.push(`--greylist-text=${postgrey.text}`);
  const options = parse(words, postgrey.defaults);
  const opts = textOfOptions(greydOptions(postgrey.options, current, lists, hasSocketUnits));
  const isUnixIgnored = hasInet(postgrey.options) && postgrey.options.some(({ name }) => name === '--unix');
  return {
    text: withVariables(before, { POSTGREY_OPTS: opts, POSTGREY_TEXT: postgrey.text }),
    summary: `POSTGREY_OPTS="${opts}"${postgrey.text === undefined ? '' : `, POSTGREY_TEXT="${postgrey.text}"`}`,
    options,
    before: current,
    notes: isUnixIgnored ? ['--unix is left out: postgrey does not listen there beside --inet'] : [],
  };
}

function textOfDefaults(): string {
  try {
    return readFileSync(DEFAULTS_FILE, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    throw new Error(`${DEFAULTS_FILE} cannot be read (${code}): do this as root`);
  }
}

function readGreydOptions(text: string): readonly GivenOption[] {
  const words = wordsOf(readVariables(text).get('POSTGREY_OPTS') ?? '');
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
    throw new Error(`${file}: greyd does not start with this: ${error.message}; nothing was changed`);
  }
  throw new Error(`${file}: --help, --man and --version start no daemon: take them out`);
}
