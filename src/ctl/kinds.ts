/**
 * What commands call the kinds of records.
 */
import { UsageError } from '../command-line.ts';
import type { Key } from '../greylist/keys.ts';

const KINDS: Readonly<Record<string, Key['kind']>> = { triplets: 'triplet', clients: 'client' };

/**
 * The kind that is named by the words of a command line.
 * @param verb what is to be done with the records
 * @throws {UsageError} if they are not one name
 */
export function kindOf([name = '', ...others]: readonly string[], verb: string): Key['kind'] {
  const kind = KINDS[name];
  if (kind === undefined || others.length > 0)
    throw new UsageError(`say what to ${verb}: triplets or clients`);
  return kind;
}
