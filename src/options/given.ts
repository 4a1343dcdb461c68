/**
 * The types of the values that a table of options yields: each follows from the row of its option.
 *
 *   row                        value
 *   '-v, --verbose'            boolean, false if it is not given
 *   '--dbdir <PATH>'           string, or what `parse` returns
 *   '--metrics <...>'          the same or undefined, if the row has no default
 *   repeatable                 an array of these
 *
 * The name of a value is that of its option: `--dry-run` is dryRun.
 */
import type { OptionEntry } from './command-line.ts';

type Words<Flags extends string> = Flags extends `${string}--${infer Rest}` ? FirstWord<Rest> : never;
type FirstWord<Text extends string> = Text extends `${infer Word} ${string}` ? Word : Text;
type Camel<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Text;

/** `--store-prefix <TEXT>` is storePrefix. */
export type OptionName<Entry extends OptionEntry> = Camel<Words<Entry['flags']>>;

type SingleValue<Entry extends OptionEntry> = Entry extends { parse: (...words: never[]) => infer Value }
  ? Value
  : Entry['flags'] extends `${string}>` | `${string}]`
    ? string
    : boolean;

type ValueOf<Entry extends OptionEntry> = Entry extends { repeatable: true }
  ? readonly SingleValue<Entry>[]
  : SingleValue<Entry>;

type IsCertain<Entry extends OptionEntry> = Entry extends { default: unknown }
  ? true
  : Entry['flags'] extends `${string}>` | `${string}]`
    ? false
    : true;

/** The values of a table's options by their names. */
export type GivenOf<Table extends readonly OptionEntry[]> = {
  [Entry in Table[number] as IsCertain<Entry> extends true ? OptionName<Entry> : never]: ValueOf<Entry>;
} & {
  [Entry in Table[number] as IsCertain<Entry> extends true ? never : OptionName<Entry>]?:
    | ValueOf<Entry>
    | undefined;
};
