/**
 * Chooses the clients that greyctl report lists, as postgreyreport does: all but those of --skip-clients, or only
 * those of --match-clients that are not skipped; with --skip-pool no pools.
 */
import { errorText } from '../../errors/text.ts';
import type { Tries } from '../../mail-log/never-retried.ts';
import { ClientList } from '../../whitelist/client-list.ts';
import { readWhitelistFile } from '../../whitelist/whitelist-file.ts';

/** The options that choose clients. The files hold patterns, as client whitelists do. */
export interface ClientChoice {
  readonly skipPool: boolean;
  readonly skipClients?: readonly string[] | undefined;
  readonly matchClients?: readonly string[] | undefined;
}

/**
 * @param tell gets a warning for each line of the files that is no pattern
 * @throws (rejects) if a file cannot be read
 */
export async function chooseClients(
  { skipPool, skipClients = [], matchClients = [] }: ClientChoice,
  tell: (line: string) => void,
): Promise<(tries: Tries) => boolean> {
  const skipped = await readClients(skipClients, tell);
  const matched = await readClients(matchClients, tell);
  const isIn = (list: ClientList, { client, clientName }: Tries) =>
    list.find(clientName, client) !== undefined;
  return (tries) =>
    !isIn(skipped, tries) &&
    (matchClients.length === 0 || isIn(matched, tries)) &&
    !(skipPool && isOfPool(tries));
}

async function readClients(paths: readonly string[], tell: (line: string) => void): Promise<ClientList> {
  const list = new ClientList();
  for (const path of paths) {
    try {
      for (const warning of await readWhitelistFile(path, (line) => list.add(line))) tell(warning);
    } catch (error) {
      throw new Error(`cannot read ${path}: ${errorText(error)}`);
    }
  }
  return list;
}

/** Tells whether the name holds the last two numbers of the address, as names of pools do (postgreyreport's rule). */
function isOfPool({ client, clientAddress, clientName }: Tries): boolean {
  const numbers = clientAddress.split('.').slice(-2);
  return client.family === 4 && numbers.every((number) => clientName.includes(number));
}
