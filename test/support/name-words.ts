/**
 * The words of client names as greyd ships them, and facts about a name by them.
 */
import { ClientNames, type NameFacts } from '../../src/address/client-name.ts';
import { parseAddress } from '../../src/address/ip.ts';
import { NameWords } from '../../src/address/name-words.ts';
import { readWhitelistFile } from '../../src/whitelist/whitelist-file.ts';

/** An address of which nothing can stand in a name. */
const NO_ADDRESS = '::';

export async function shippedNameWords(): Promise<NameWords> {
  const words = new NameWords();
  await readWhitelistFile('etc/greyd/client_names', (line) => words.add(line));
  return words;
}

const WORDS = await shippedNameWords();

/** Returns the facts about a client by the shipped words. */
export function factsOf(clientName: string, address = NO_ADDRESS): NameFacts {
  const client = parseAddress(address);
  if (client === undefined) throw new Error(`${address} is no address`);
  return new ClientNames(WORDS).factsOf(clientName, client);
}
