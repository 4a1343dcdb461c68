/**
 * Names of the kinds of records on the command line.
 */
import type { Key } from '../greylist/keys.ts';
import { UsageError } from '../options/command-line.ts';

const KINDS: Readonly<Record<string, Key['kind']>> = { triplets: 'triplet', clients: 'client' };

/**
 * Returns the kind that an argument names.
 * @param remedy what to write, for the error: `list triplets or clients`
 * @throws {UsageError} unless there is one argument, and it names a kind
 */
export function kindOf([name, ...others]: readonly string[], remedy: string): Key['kind'] {
  if (name === undefined) throw new UsageError(`missing argument; ${remedy}`);
  const kind = KINDS[name];
  const wrong = kind === undefined ? name : others[0];
  if (kind === undefined || wrong !== undefined)
    throw new UsageError(`unexpected argument '${wrong}'; ${remedy}`);
  return kind;
}
