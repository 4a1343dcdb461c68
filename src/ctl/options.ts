/**
 * Options that several commands have.
 */
import type { OptionEntry } from '../command-line.ts';
import { OPTION_TABLE } from '../option-table.ts';

/** --dbdir with the default of the daemon. */
export const DBDIR_OPTION: OptionEntry = daemonOption('--dbdir');

/** An option of the daemon that means the same to a command. */
export function daemonOption(name: string): OptionEntry {
  const entry = OPTION_TABLE.find(({ flags }) => flags.split(/[ ,]+/).includes(name));
  if (entry === undefined) throw new Error(`the daemon has no option ${name}`);
  return entry;
}
