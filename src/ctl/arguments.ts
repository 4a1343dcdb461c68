/**
 * The arguments of a command, as its row declares them; they are checked here alone.
 *
 *   argument :== value | name "=" value        the second is an attribute of a policy request
 */
import { UsageError } from '../options/command-line.ts';
import type { Attributes } from '../policy/client.ts';

/** Arguments that are values. */
export interface Positional {
  /** What to write, for errors: `FILE, for example /var/backups/greyd.db`. */
  readonly expected: string;
  /** All values there are; undefined: any. */
  readonly values?: readonly string[];
  /** Names of files, for completion. */
  readonly isFile?: boolean;
  /** How many there may be: from the first to the second number. */
  readonly count: readonly [least: 0 | 1, most: number];
}

export interface ArgumentsRow {
  readonly positional?: Positional;
  /** Attributes by which a command is told what it is about. */
  readonly attributes?: readonly string[];
  /** Attributes that it takes too, so that a whole request can be pasted, and that no error recommends. */
  readonly alsoAttributes?: readonly string[] | 'any';
}

export interface GivenArguments {
  readonly values: readonly string[];
  readonly attributes: Attributes;
}

/** Attributes that an error lists at most. */
const MAX_NAMES = 4;

/**
 * Reads the arguments of a command line.
 * @param name of the command
 * @throws {UsageError} if one is missing, unexpected, or given twice
 */
export function readArguments(words: readonly string[], row: ArgumentsRow, name: string): GivenArguments {
  const { positional, attributes: known = [], alsoAttributes = [] } = row;
  const [least, most] = positional?.count ?? [0, 0];
  const values: string[] = [];
  const attributes = new Map<string, string>();
  for (const word of words) {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    if (known.includes(key) || (alsoAttributes === 'any' ? key !== '' : alsoAttributes.includes(key))) {
      if (/[\r\n]/.test(value)) throw new UsageError(`${key}=: a value must not have line breaks`);
      if (attributes.has(key)) throw new UsageError(`${key}= is given twice`);
      attributes.set(key, value);
    } else if (values.length < most && (positional?.values?.includes(word) ?? true)) values.push(word);
    else throw new UsageError(unexpected(word, row, name));
  }
  if (values.length < least) throw new UsageError(`missing argument; expected ${expectedText(row)}`);
  return { values, attributes };
}

/** Returns what completion offers; undefined: names of files. */
export function completionsOf({ positional, attributes = [] }: ArgumentsRow): readonly string[] | undefined {
  if (positional?.isFile) return undefined;
  return [...(positional?.values ?? []), ...attributes.map((name) => `${name}=`)];
}

/** @throws {UsageError} if one of these attributes is missing; it may be empty (the null sender) */
export function requireAttributes(attributes: Attributes, names: readonly string[]): void {
  const missing = names.filter((name) => !attributes.has(name));
  if (missing.length > 0) throw new UsageError(`missing ${missing.map((name) => `${name}=…`).join(' ')}`);
}

function unexpected(word: string, row: ArgumentsRow, name: string): string {
  const expected = expectedText(row);
  return expected === ''
    ? `${name} takes no arguments`
    : `unexpected argument '${word}'; expected ${expected}`;
}

function expectedText({ positional, attributes = [] }: ArgumentsRow): string {
  const names = attributes.slice(0, MAX_NAMES).map((name) => `${name}=…`);
  const more = attributes.length > MAX_NAMES ? ['another attribute of a policy request'] : [];
  const all = [...(positional === undefined ? [] : [positional.expected]), ...names, ...more];
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}
