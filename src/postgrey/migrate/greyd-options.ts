/**
 * Derives the options of a greyd that replaces a postgrey.
 *
 *   postgrey's   all that decide about mail, unchanged; not its places (database, pid file, account); its
 *                whitelists become greyd's
 *   greyd's      those of /etc/default/greyd that postgrey does not have
 *
 * Known limit: of greyd's options only --dry-run and --allow-test-time are dropped, with which greyd would answer
 * differently from postgrey.
 */
import { type OptionEntry, partsOf } from '../../options/command-line.ts';
import { OPTIONS_OF_GREYD } from '../../options/greyd-table.ts';
import { OPTION_TABLE } from '../../options/table.ts';
import type { GivenOption } from './given-options.ts';

const GREYDS_OWN: ReadonlySet<string> = new Set(OPTIONS_OF_GREYD.map(({ flags }) => partsOf(flags).long));

/** Options of greyd for trials, not for a daemon in service. */
const FOR_TRIALS: ReadonlySet<string> = new Set(['--dry-run', '--allow-test-time']);

/** Options that say where and under which account a daemon runs. */
const OWN_PLACES: ReadonlySet<string> = new Set(['--dbdir', '--user', '--group']);

/** Options that greyd's service sets itself. */
const OF_THE_INIT_SCRIPT: ReadonlySet<string> = new Set(['--daemonize', '--pidfile']);

const OF_A_UNIX_SOCKET: ReadonlySet<string> = new Set(['--unix', '--socketmode']);

/** The files of one kind of whitelist. */
export interface ListPlaces {
  readonly option: '--whitelist-clients' | '--whitelist-recipients';
  /** The files that each daemon reads without this option. */
  readonly ofPostgrey: readonly [list: string, local: string];
  readonly ofGreyd: readonly [list: string, local: string];
}

/** @returns in the order in which they are to be written */
export function greydOptions(
  ofPostgrey: readonly GivenOption[],
  ofGreyd: readonly GivenOption[],
  lists: readonly ListPlaces[],
): GivenOption[] {
  const isLeftOut = ({ name }: GivenOption): boolean =>
    OWN_PLACES.has(name) ||
    OF_THE_INIT_SCRIPT.has(name) ||
    lists.some(({ option }) => option === name) ||
    (OF_A_UNIX_SOCKET.has(name) && hasInet(ofPostgrey));
  const isKept = ({ name }: GivenOption): boolean =>
    OWN_PLACES.has(name) || (GREYDS_OWN.has(name) && !FOR_TRIALS.has(name));
  return [
    ...ofPostgrey.filter((option) => !isLeftOut(option)),
    ...lists.flatMap((places) => listOptions(ofPostgrey, places)),
    ...ofGreyd.filter(isKept),
  ];
}

/** Returns the options of greyd that are dropped, except those of its sockets and those at their default. */
export function droppedOptions(before: readonly GivenOption[], now: readonly GivenOption[]): GivenOption[] {
  const isKept = ({ name, value }: GivenOption): boolean =>
    now.some((option) => option.name === name && option.value === value);
  const isDefault = ({ name, value }: GivenOption): boolean =>
    (OPTION_TABLE as readonly OptionEntry[]).some(
      (entry) => partsOf(entry.flags).long === name && (entry.defaultText ?? String(entry.default)) === value,
    );
  const isOfNoMatter = ({ name }: GivenOption): boolean =>
    name === '--inet' || OF_A_UNIX_SOCKET.has(name) || OF_THE_INIT_SCRIPT.has(name);
  return before.filter((option) => !(isKept(option) || isDefault(option) || isOfNoMatter(option)));
}

/** Drops the unix socket, for a daemon whose socket systemd opens. */
export function withoutUnixSocket(options: readonly GivenOption[]): GivenOption[] {
  return options.filter(({ name }) => !OF_A_UNIX_SOCKET.has(name));
}

/** Tells whether there is an --inet, with which postgrey ignores --unix. */
export function hasInet(options: readonly GivenOption[]): boolean {
  return options.some(({ name }) => name === '--inet');
}

/** Returns the files of a whitelist that a postgrey with these options reads. */
export function listFiles(options: readonly GivenOption[], { option, ofPostgrey }: ListPlaces): string[] {
  const named = options.flatMap(({ name, value }) => (name === option && value ? [value] : []));
  return named.length > 0 ? named : [...ofPostgrey];
}

/** Returns the files of a whitelist that are not in postgrey's own places. */
export function otherListFiles(options: readonly GivenOption[], places: ListPlaces): string[] {
  return listFiles(options, places).filter((file) => !places.ofPostgrey.includes(file));
}

/** Returns the options for files elsewhere, with greyd's own files, which these options would otherwise replace. */
function listOptions(options: readonly GivenOption[], places: ListPlaces): GivenOption[] {
  const others = otherListFiles(options, places);
  if (others.length === 0) return [];
  const isOwnRead = listFiles(options, places).some((file) => places.ofPostgrey.includes(file));
  const files = [...(isOwnRead ? places.ofGreyd : []), ...others];
  return files.map((value) => ({ name: places.option, value }));
}
