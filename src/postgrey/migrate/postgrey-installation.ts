/**
 * Finds the installed postgrey: its options, its records, and whether it runs.
 *
 * Debian's unit and init script take POSTGREY_OPTS and POSTGREY_TEXT from /etc/default/postgrey; the unit has a
 * default for POSTGREY_TEXT.
 *
 * Known limit: a unit that was changed to have other options is refused.
 */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lateNote, UsageError } from '../../options/command-line.ts';
import { differences, readAs, type Starter, type Variables } from '../../options/defaults-file.ts';
import { systemdAssignments, systemdWords } from '../../options/environment-file.ts';
import { shellAssignments } from '../../options/sourced-variables.ts';
import { type GivenOption, readGivenOptions } from './given-options.ts';
import { POSTGREY } from './places.ts';
import type { Service, ServiceManager } from './service.ts';
import { unitProperty } from './systemd.ts';
import { readText } from './text-file.ts';

/** Options that a unit may have beside POSTGREY_OPTS: POSTGREY_TEXT, and those that greyd does not need. */
const OF_THE_UNIT = /^(--greylist-text=\$\{POSTGREY_TEXT\}|--pidfile(=.*)?|--daemonize|-d)$/;

/** Places of postgrey's files, if not those of Debian. */
export interface GivenPlaces {
  readonly postgreyDefaults?: string | undefined;
  readonly postgreyDir?: string | undefined;
}

export interface PostgreyInstallation {
  readonly defaults: string;
  readonly options: readonly GivenOption[];
  /** The greylist text; undefined: postgrey's own default. */
  readonly text: string | undefined;
  readonly dbdir: string;
  /** undefined: there are records, but no unit or init script. */
  readonly service: Service | undefined;
  /** Remarks on its options. */
  readonly notes: readonly string[];
}

/** @throws (rejects) if something is missing, with what to do */
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
  requirePostgreyDatabase(dbdir);
  return {
    defaults,
    options,
    text: (variables.values.get('POSTGREY_TEXT') ?? ofUnit) || undefined,
    dbdir,
    service,
    notes: [
      ...strays.map((word) => `${defaults}: '${word}' belongs to no option, and is dropped`),
      ...(late.length > 0 ? [`${defaults}: ${lateNote(late)}`] : []),
    ],
  };
}

function readDefaults(path: string): string {
  try {
    return readText(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`;
    throw new Error(`${path}: ${reason}; give the file with POSTGREY_OPTS by --postgrey-defaults=FILE`);
  }
}

/** Returns what reads postgrey's defaults. Debian 11 and older have only an init script, which systemd wraps in a unit. */
async function starterOf(unit: string | undefined, { hasSocketUnits }: ServiceManager): Promise<Starter> {
  if (!hasSocketUnits) return 'init script';
  const execStart = unit === undefined ? '' : await unitProperty(unit, 'ExecStart');
  return commandOf(execStart) === INIT_SCRIPT ? 'init script' : 'systemd';
}

/**
 * Reads the variables that postgrey was started with.
 * @throws {Error} if systemd reads them differently from a shell and the file looks meant for a shell: with file and
 * line, and what to write
 */
function readPostgreyDefaults(file: string, starter: Starter): Variables {
  const text = readDefaults(file);
  const [difference] = starter === 'systemd' ? differences(text, file) : [];
  if (difference !== undefined && isMeantForShell(text))
    throw new Error(`${difference}; nothing was changed`);
  return readAs(starter, text, file);
}

/** Tells whether such a file looks meant for a shell: it has expansions, or assignments by a shell's rules. */
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
    // A shell cannot read it: a value with blanks and no quotes, which only systemd reads, or an export of one.
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
    `${unit} has options that are not from POSTGREY_OPTS, see systemctl cat ${unit}; write all its options as POSTGREY_OPTS="…" into a file, and give that by --postgrey-defaults=FILE`,
  );
}

/**
 * Tells whether a unit starts postgrey with options beside POSTGREY_OPTS. Debian's does not:
 * `{ path=… ; argv[]=/usr/sbin/postgrey $POSTGREY_OPTS --greylist-text=${POSTGREY_TEXT} ; … }`.
 * @param execStart as systemctl show prints it; empty: no command
 */
export function hasOtherOptions(execStart: string): boolean {
  if (execStart === '') return false;
  const command = commandOf(execStart);
  // The init script of an older Debian, which systemd wraps in a unit, takes POSTGREY_OPTS.
  if (command === INIT_SCRIPT) return false;
  const words = command.split(' ');
  const others = words.filter((word) => word.startsWith('-') && !OF_THE_UNIT.test(word));
  return others.length > 0 || !words.includes('$POSTGREY_OPTS');
}

const INIT_SCRIPT = '/etc/init.d/postgrey start';

/** @param execStart as systemctl show prints it */
function commandOf(execStart: string): string {
  return /argv\[\]=(.*?) ;/.exec(execStart)?.[1] ?? '';
}

/** Returns POSTGREY_TEXT from a unit's Environment=, `"POSTGREY_TEXT=Greylisted, …" OTHER=…`, if its command uses it. */
async function textOfUnit(unit: string): Promise<string | undefined> {
  const start = 'POSTGREY_TEXT=';
  if (!/\$\{POSTGREY_TEXT\}/.test(await unitProperty(unit, 'ExecStart'))) return undefined;
  return systemdWords(await unitProperty(unit, 'Environment'))
    .find((word) => word.startsWith(start))
    ?.slice(start.length);
}

function requirePostgreyDatabase(dbdir: string): void {
  try {
    if (statSync(join(dbdir, 'postgrey.db'), { throwIfNoEntry: false }) !== undefined) return;
  } catch (error) {
    // Without root (--dry-run) the directory may not be readable.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return;
  }
  throw new Error(`${dbdir} has no postgrey.db; give postgrey's database directory by --postgrey-dir=DIR`);
}
