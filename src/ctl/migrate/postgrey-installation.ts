/**
 * The postgrey that is installed here: its options, where its records and whitelists are, whether it runs.
 *
 * Debian's unit and init script take POSTGREY_OPTS and POSTGREY_TEXT from /etc/default/postgrey; the unit has a
 * POSTGREY_TEXT of its own for where that has none.
 *
 * Known limit: a unit that was changed to take other options is refused, not read.
 */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lateNote, UsageError } from '../../command-line.ts';
import { differences, readAs, type Starter, type Variables } from '../defaults-file.ts';
import { systemdAssignments, systemdWords } from '../environment-file.ts';
import { shellAssignments } from '../sourced-variables.ts';
import { type GivenOption, readGivenOptions } from './given-options.ts';
import { POSTGREY } from './places.ts';
import type { Service, ServiceManager } from './service.ts';
import { unitProperty } from './systemd.ts';
import { readText } from './text-file.ts';

/** What a unit may have of its own: a text that is known by its variable, and what greyd needs none of. */
const OF_THE_UNIT = /^(--greylist-text=\$\{POSTGREY_TEXT\}|--pidfile(=.*)?|--daemonize|-d)$/;

/** Where it is, if not where Debian has it. */
export interface GivenPlaces {
  postgreyDefaults?: string;
  postgreyDir?: string;
}

export interface PostgreyInstallation {
  readonly defaults: string;
  readonly options: readonly GivenOption[];
  /** What a greylisted client is told; undefined: its own default. */
  readonly text: string | undefined;
  readonly dbdir: string;
  /** undefined: there are records, but nothing that starts it. */
  readonly service: Service | undefined;
  /** What is worth knowing about its options. */
  readonly notes: readonly string[];
}

/** @throws (rejects) with what is missing, and what to do */
export async function findPostgrey(
  { postgreyDefaults, postgreyDir }: GivenPlaces,
  manager: ServiceManager,
): Promise<PostgreyInstallation> {
  const defaults = postgreyDefaults ?? POSTGREY.defaults;
  const service = await manager.find(POSTGREY.service);
  const unit = service !== undefined && manager.hasSocketUnits ? `${POSTGREY.service}.service` : undefined;
  if (unit !== undefined && postgreyDefaults === undefined) await refuseOtherOptions(unit);
  const starter = await starterOf(unit, manager);
  const variables = readPostgreyDefaults(defaults, starter);
  const { options, strays, late } = readOptions(defaults, variables.words);
  const ofUnit = unit === undefined ? undefined : await textOfUnit(unit);
  const dbdir = resolve(
    postgreyDir ?? options.find(({ name }) => name === '--dbdir')?.value ?? POSTGREY.dbdir,
  );
  requireDatabase(dbdir);
  return {
    defaults,
    options,
    text: (variables.values.get('POSTGREY_TEXT') ?? ofUnit) || undefined,
    dbdir,
    service,
    notes: [
      ...strays.map((word) => `${defaults}: the word '${word}' belongs to no option, it is left out`),
      ...(late.length > 0 ? [`${defaults}: ${lateNote(late)}`] : []),
    ],
  };
}

function readDefaults(path: string): string {
  try {
    return readText(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new Error(`${path}: ${reason}; name the one with POSTGREY_OPTS by --postgrey-defaults=FILE`);
  }
}

/** Debian 11 and older have an init script alone, of which systemd makes a unit. */
async function starterOf(unit: string | undefined, { hasSocketUnits }: ServiceManager): Promise<Starter> {
  if (!hasSocketUnits) return 'init script';
  const execStart = unit === undefined ? '' : await unitProperty(unit, 'ExecStart');
  return commandOf(execStart) === INIT_SCRIPT ? 'init script' : 'systemd';
}

/**
 * What postgrey was started with, and is meant to be: where systemd hands it on unexpanded, nobody knows whether that
 * was meant.
 * @throws {Error} then, with file and line, and what to write
 */
function readPostgreyDefaults(file: string, starter: Starter): Variables {
  const text = readDefaults(file);
  const [difference] = starter === 'systemd' ? differences(text, file) : [];
  if (difference !== undefined && isMeantForShell(text))
    throw new Error(`${difference}; nothing was changed`);
  return readAs(starter, text, file);
}

/** Whether a file that systemd and a shell read differently is a shell's: it assigns by its rules, or expands something. */
function isMeantForShell(text: string): boolean {
  if (
    /[$`]/.test(
      systemdAssignments(text)
        .map(({ value }) => value)
        .join(' '),
    )
  )
    return true;
  try {
    return shellAssignments(text).length > 0;
  } catch {
    // As a value with blanks and no quotes, which only systemd reads; or an export of it.
    return /^[ \t]*export[ \t]/m.test(text);
  }
}

function readOptions(defaults: string, words: readonly string[]): ReturnType<typeof readGivenOptions> {
  try {
    return readGivenOptions(words);
  } catch (error) {
    if (error instanceof UsageError) throw new Error(`${defaults}: ${error.message}`);
    throw error;
  }
}

async function refuseOtherOptions(unit: string): Promise<void> {
  if (!hasOtherOptions(await unitProperty(unit, 'ExecStart'))) return;
  throw new Error(
    `${unit} has options that do not come from POSTGREY_OPTS, see systemctl cat ${unit}; write all that it has as POSTGREY_OPTS="…" into a file, and name that by --postgrey-defaults=FILE`,
  );
}

/**
 * Whether a unit starts postgrey with other options than POSTGREY_OPTS, as
 * `{ path=… ; argv[]=/usr/sbin/postgrey $POSTGREY_OPTS --greylist-text=${POSTGREY_TEXT} ; … }` does not.
 * @param execStart as systemctl show has it; empty: no command
 */
export function hasOtherOptions(execStart: string): boolean {
  if (execStart === '') return false;
  const command = commandOf(execStart);
  // Of an older Debian's package, for which systemd makes a unit: it takes POSTGREY_OPTS.
  if (command === INIT_SCRIPT) return false;
  const words = command.split(' ');
  const others = words.filter((word) => word.startsWith('-') && !OF_THE_UNIT.test(word));
  return others.length > 0 || !words.includes('$POSTGREY_OPTS');
}

const INIT_SCRIPT = '/etc/init.d/postgrey start';

/** @param execStart as systemctl show has it */
function commandOf(execStart: string): string {
  return /argv\[\]=(.*?) ;/.exec(execStart)?.[1] ?? '';
}

/** POSTGREY_TEXT as the unit has it: `"POSTGREY_TEXT=Greylisted, …" OTHER=…`; undefined if its command does not. */
async function textOfUnit(unit: string): Promise<string | undefined> {
  const start = 'POSTGREY_TEXT=';
  if (!/\$\{POSTGREY_TEXT\}/.test(await unitProperty(unit, 'ExecStart'))) return undefined;
  return systemdWords(await unitProperty(unit, 'Environment'))
    .find((word) => word.startsWith(start))
    ?.slice(start.length);
}

function requireDatabase(dbdir: string): void {
  try {
    if (statSync(join(dbdir, 'postgrey.db'), { throwIfNoEntry: false }) !== undefined) return;
  } catch (error) {
    // Who is not root may not look, and can only be told what would be done.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return;
  }
  throw new Error(`${dbdir} holds no postgrey.db; name the directory that does by --postgrey-dir=DIR`);
}
