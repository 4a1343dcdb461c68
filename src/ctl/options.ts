/**
 * Options that several commands have.
 */
import type { OptionEntry } from '../command-line.ts';
import { OPTION_TABLE } from '../option-table.ts';

/** What the rule makes of a record depends on these. */
export const RULES_OPTIONS: readonly OptionEntry[] = [
  daemonOption('--delay'),
  daemonOption('--max-age'),
  daemonOption('--retry-window'),
  daemonOption('--auto-whitelist-clients'),
];

/** And under which keys it looks for them, on these. */
export const LOOKUP_OPTIONS: readonly OptionEntry[] = [
  daemonOption('--lookup-by-host'),
  daemonOption('--ipv4cidr'),
  daemonOption('--ipv6cidr'),
];

/** --dbdir with the default of the daemon. */
export const DBDIR_OPTION: OptionEntry = daemonOption('--dbdir');

/** An option of the daemon that means the same to a command. */
export function daemonOption(name: string): OptionEntry {
  const entry = OPTION_TABLE.find(({ flags }) => flags.split(/[ ,]+/).includes(name));
  if (entry === undefined) throw new Error(`the daemon has no option ${name}`);
  return { ...entry, isOfDaemon: true };
}
