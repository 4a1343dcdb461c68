/**
 * Attributes of a policy request as words of a command line: `client_address=192.0.2.1 sender=alice@example.net`.
 */
import { UsageError } from '../command-line.ts';

export type Attributes = ReadonlyMap<string, string>;

/**
 * @param known the names that may stand there; undefined: any
 * @throws {UsageError} if a word is none of these, or a name stands there twice
 */
export function readAttributes(words: readonly string[], known?: readonly string[]): Attributes {
  const attributes = new Map<string, string>();
  for (const word of words) {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    if (name === '' || (known !== undefined && !known.includes(name))) {
      throw new UsageError(`there is no use for ${word}: write ${namesText(known)}`);
    }
    if (/[\r\n]/.test(value)) throw new UsageError(`${name}=: a value has no line breaks`);
    if (attributes.has(name)) throw new UsageError(`${name}= stands there twice`);
    attributes.set(name, value);
  }
  return attributes;
}

/** Nobody reads more of them than this. */
const MAX_NAMES = 4;

function namesText(known: readonly string[] | undefined): string {
  if (known === undefined) return 'name=value';
  const names = known.slice(0, MAX_NAMES).map((one) => `${one}=…`);
  return names.join(', ') + (known.length > MAX_NAMES ? ', or another attribute of a policy request' : '');
}

/** @throws {UsageError} if one of these is missing; it may be empty (the null sender) */
export function requireAttributes(attributes: Attributes, names: readonly string[]): void {
  const missing = names.filter((name) => !attributes.has(name));
  if (missing.length > 0)
    throw new UsageError(
      `give ${missing.map((name) => `${name}=…`).join(' ')}${attributes.size > 0 ? ' as well' : ''}`,
    );
}
