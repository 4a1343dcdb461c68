/**
 * The options of greyd that serve in the place of a postgrey.
 *
 *   postgrey's   all that decide about mail, as they are; its places (database, pid file, account) are its own, and
 *                its whitelists become greyd's
 *   greyd's      those that stood in /etc/default/greyd before and that postgrey does not have
 *
 * Known limit: options that would let greyd answer otherwise than postgrey are dropped of greyd's (--dry-run,
 * --allow-test-time), and nothing else is looked at there.
 */
import { partsOf } from '../../command-line.ts';
import { OPTION_TABLE, OPTIONS_OF_GREYD } from '../../option-table.ts';
import type { GivenOption } from './given-options.ts';

const GREYDS_OWN: ReadonlySet<string> = new Set(OPTIONS_OF_GREYD.map(({ flags }) => partsOf(flags).long));

/** Of greyd's own, those that are not for a daemon in service. */
const FOR_TRIALS: ReadonlySet<string> = new Set(['--dry-run', '--allow-test-time']);

/** Where and as whom a daemon runs. */
const PLACES: ReadonlySet<string> = new Set(['--dbdir', '--user', '--group']);

/** What the service does without, whichever way it is started. */
const OF_THE_INIT_SCRIPT: ReadonlySet<string> = new Set(['--daemonize', '--pidfile']);

const OF_A_UNIX_SOCKET: ReadonlySet<string> = new Set(['--unix', '--socketmode']);

/** Where lists of one kind stand. */
export interface ListPlaces {
  readonly option: '--whitelist-clients' | '--whitelist-recipients';
  /** The files that a daemon reads without this option. */
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
    PLACES.has(name) ||
    OF_THE_INIT_SCRIPT.has(name) ||
    lists.some(({ option }) => option === name) ||
    (OF_A_UNIX_SOCKET.has(name) && hasInet(ofPostgrey));
  const isKept = ({ name }: GivenOption): boolean =>
    PLACES.has(name) || (GREYDS_OWN.has(name) && !FOR_TRIALS.has(name));
  return [
    ...ofPostgrey.filter((option) => !isLeftOut(option)),
    ...lists.flatMap((places) => listOptions(ofPostgrey, places)),
    ...ofGreyd.filter(isKept),
  ];
}

/** Those of greyd's that count no more, but for its sockets, and what is the default anyway. */
export function droppedOptions(before: readonly GivenOption[], now: readonly GivenOption[]): GivenOption[] {
  const isKept = ({ name, value }: GivenOption): boolean =>
    now.some((option) => option.name === name && option.value === value);
  const isDefault = ({ name, value }: GivenOption): boolean =>
    OPTION_TABLE.some((entry) => partsOf(entry.flags).long === name && String(entry.default) === value);
  const isOfNoMatter = ({ name }: GivenOption): boolean =>
    name === '--inet' || OF_A_UNIX_SOCKET.has(name) || OF_THE_INIT_SCRIPT.has(name);
  return before.filter((option) => !(isKept(option) || isDefault(option) || isOfNoMatter(option)));
}

/** For a daemon whose unix socket is opened by somebody else: it must not do so too. */
export function withoutUnixSocket(options: readonly GivenOption[]): GivenOption[] {
  return options.filter(({ name }) => !OF_A_UNIX_SOCKET.has(name));
}

/** postgrey then ignores --unix. */
export function hasInet(options: readonly GivenOption[]): boolean {
  return options.some(({ name }) => name === '--inet');
}

/** The files of a list that a postgrey with these options reads. */
export function listFiles(options: readonly GivenOption[], { option, ofPostgrey }: ListPlaces): string[] {
  const named = options.flatMap(({ name, value }) => (name === option && value ? [value] : []));
  return named.length > 0 ? named : [...ofPostgrey];
}

/** The files of a list that are the administrator's own, elsewhere than where postgrey has its lists. */
export function otherListFiles(options: readonly GivenOption[], places: ListPlaces): string[] {
  return listFiles(options, places).filter((file) => !places.ofPostgrey.includes(file));
}

/** Entries of postgrey's own files are added to greyd's; the option replaces the default, so these are named too. */
function listOptions(options: readonly GivenOption[], places: ListPlaces): GivenOption[] {
  const others = otherListFiles(options, places);
  if (others.length === 0) return [];
  const isOwnRead = listFiles(options, places).some((file) => places.ofPostgrey.includes(file));
  const files = [...(isOwnRead ? places.ofGreyd : []), ...others];
  return files.map((value) => ({ name: places.option, value }));
}
