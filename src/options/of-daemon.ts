/**
 * Options that several commands of greyctl share.
 */
import type { OptionEntry } from './command-line.ts';
import { OPTION_TABLE } from './table.ts';

/** Options that the state of a record depends on. */
export const RULES_OPTIONS: readonly OptionEntry[] = [
  daemonOption('--delay'),
  daemonOption('--max-age'),
  daemonOption('--retry-window'),
  daemonOption('--auto-whitelist-clients'),
];

/** Options that the keys of records depend on. */
export const LOOKUP_OPTIONS: readonly OptionEntry[] = [
  daemonOption('--lookup-by-host'),
  daemonOption('--ipv4cidr'),
  daemonOption('--ipv6cidr'),
];

/** --dbdir, with the default of the daemon. */
export const DBDIR_OPTION: OptionEntry = daemonOption('--dbdir');

/** Returns an option of the daemon that has the same meaning in greyctl. */
export function daemonOption(name: string): OptionEntry {
  const entry = OPTION_TABLE.find(({ flags }) => flags.split(/[ ,]+/).includes(name));
  if (entry === undefined) throw new Error(`the daemon has no option ${name}`);
  return { ...entry, isOfDaemon: true };
}
