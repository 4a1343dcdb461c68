/**
 * Both whitelists, loaded whole from their files. A reload builds new lists and then swaps them in;
 * no request sees a list half read. If a file cannot be read at a reload, the list that it belongs
 * to stays as it was.
 */
import type { IpAddress } from '../address/ip.ts';
import { ClientList } from './client-list.ts';
import { RecipientList } from './recipient-list.ts';
import { type AddLine, readWhitelistFile, type WhitelistLine } from './whitelist-file.ts';

export interface WhitelistFiles {
  readonly clients: readonly string[];
  readonly recipients: readonly string[];
}

/** Files that need not be there: the administrator's own additions. */
const OPTIONAL_SUFFIX = '.local';

export class Whitelists {
  readonly #files: WhitelistFiles;
  #clients = new ClientList();
  #recipients = new RecipientList();

  /** Whether all files could be read when they were last looked at. */
  isUpToDate = false;

  constructor(files: WhitelistFiles) {
    this.#files = files;
  }

  /** Loads the lists for the first time, as far as they can be read. @returns a warning per trouble */
  async load(): Promise<string[]> {
    const [clients, recipients] = await this.#read();
    this.#clients = clients.list;
    this.#recipients = recipients.list;
    return [...clients.warnings, ...recipients.warnings];
  }

  /** Loads them again; a list with an unreadable file stays as it is. @returns a warning per trouble */
  async reload(): Promise<string[]> {
    const [clients, recipients] = await this.#read();
    if (clients.isComplete) this.#clients = clients.list;
    else clients.warnings.push('the client whitelist stays as it was');
    if (recipients.isComplete) this.#recipients = recipients.list;
    else recipients.warnings.push('the recipient whitelist stays as it was');
    return [...clients.warnings, ...recipients.warnings];
  }

  /** How many patterns are in force: `150 client and 2 recipient patterns`. */
  summary(): string {
    return `${this.#clients.size} client and ${this.#recipients.size} recipient patterns`;
  }

  /** Patterns in force. */
  get sizes(): { readonly clients: number; readonly recipients: number } {
    return { clients: this.#clients.size, recipients: this.#recipients.size };
  }

  /** The line by which a client is on its whitelist, if it is. */
  findClient(clientName: string, client: IpAddress): WhitelistLine | undefined {
    return this.#clients.findName(clientName) ?? this.#clients.findAddress(client);
  }

  /** The line by which a recipient is on its whitelist, if it is. */
  findRecipient(recipient: string): WhitelistLine | undefined {
    return this.#recipients.find(recipient);
  }

  async #read() {
    const lists = await Promise.all([
      readList(this.#files.clients, new ClientList()),
      readList(this.#files.recipients, new RecipientList()),
    ]);
    this.isUpToDate = lists.every(({ isComplete }) => isComplete);
    return lists;
  }
}

interface ReadList<List> {
  readonly list: List;
  readonly warnings: string[];
  /** Every file could be read, or may be absent. */
  readonly isComplete: boolean;
}

async function readList<List extends { add: AddLine }>(
  paths: readonly string[],
  list: List,
): Promise<ReadList<List>> {
  const warnings: string[] = [];
  let isComplete = true;
  for (const path of paths) {
    try {
      warnings.push(...(await readWhitelistFile(path, (line) => list.add(line))));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && path.endsWith(OPTIONAL_SUFFIX)) continue;
      isComplete = false;
      warnings.push(`cannot read whitelist ${path}: ${message}`);
    }
  }
  return { list, warnings, isComplete };
}
