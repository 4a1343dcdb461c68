/**
 * Options of the daemon that commands of greyctl share.
 */
import { partsOf } from './command-line.ts';
import { OPTION_TABLE } from './table.ts';

type TableRow = (typeof OPTION_TABLE)[number];

/** The row of an option, by its long name. */
type RowOf<Name extends string> = Extract<
  TableRow,
  { flags: `${string}${Name}` | `${string}${Name} ${string}` }
>;

/**
 * Returns an option of the daemon that has the same meaning in greyctl.
 * @param name as `--delay`
 */
export function daemonOption<const Name extends `--${string}`>(
  name: Name,
): RowOf<Name> & { readonly isOfDaemon: true } {
  const row = OPTION_TABLE.find(({ flags }) => partsOf(flags).long === name);
  if (row === undefined) throw new Error(`the daemon has no option ${name}`);
  return { ...(row as RowOf<Name>), isOfDaemon: true };
}

/** Options that the state of a record depends on. */
export const RULES_OPTIONS = [
  daemonOption('--delay'),
  daemonOption('--max-age'),
  daemonOption('--retry-window'),
  daemonOption('--auto-whitelist-clients'),
  daemonOption('--named-delay'),
  daemonOption('--auto-whitelist-farms'),
] as const;

/** Options that the keys of records depend on. */
export const LOOKUP_OPTIONS = [
  daemonOption('--lookup-by-host'),
  daemonOption('--ipv4cidr'),
  daemonOption('--ipv6cidr'),
] as const;

/** --dbdir, with the default of the daemon. */
export const DBDIR_OPTION = daemonOption('--dbdir');
