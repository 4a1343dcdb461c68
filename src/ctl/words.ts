/**
 * Reads attributes of a policy request from arguments: `client_address=192.0.2.1 sender=alice@example.net`.
 */

import { UsageError } from '../options/command-line.ts';
import type { Attributes } from '../policy/client.ts';

/**
 * @param known the names that are allowed; undefined: any
 * @throws {UsageError} if an argument is none of these, or a name is given twice
 */
export function readAttributes(words: readonly string[], known?: readonly string[]): Attributes {
  const attributes = new Map<string, string>();
  for (const word of words) {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    if (name === '' || (known !== undefined && !known.includes(name))) {
      throw new UsageError(`unexpected argument '${word}'; expected ${namesText(known)}`);
    }
    if (/[\r\n]/.test(value)) throw new UsageError(`${name}=: a value must not have line breaks`);
    if (attributes.has(name)) throw new UsageError(`${name}= is given twice`);
    attributes.set(name, value);
  }
  return attributes;
}

/** Names that an error lists at most. */
const MAX_NAMES = 4;

function namesText(known: readonly string[] | undefined): string {
  if (known === undefined) return 'name=value';
  const names = known.slice(0, MAX_NAMES).map((one) => `${one}=…`);
  return names.join(', ') + (known.length > MAX_NAMES ? ', or another attribute of a policy request' : '');
}

/** @throws {UsageError} if one of these attributes is missing; it may be empty (the null sender) */
export function requireAttributes(attributes: Attributes, names: readonly string[]): void {
  const missing = names.filter((name) => !attributes.has(name));
  if (missing.length > 0) throw new UsageError(`missing ${missing.map((name) => `${name}=…`).join(' ')}`);
}
