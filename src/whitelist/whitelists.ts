/**
 * Both whitelists, loaded whole from their files. A reload builds new lists and then swaps them in;
 * no request sees a list half read. A list stays as it was if one of its files cannot be read at a
 * reload, or if it had patterns and would have none now: a file that was emptied or spoilt by mistake
 * must not defer the mail of listed hosts. The start takes what there is.
 *
 * Known limit: of a list with several files, one that has lost all its patterns is taken as it is, with
 * a warning; a file of the administrator's own additions (`.local`) without one.
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
  #clients = emptyList(new ClientList());
  #recipients = emptyList(new RecipientList());

  /** Whether both lists were taken from their files, all of them, when these were last looked at. */
  isUpToDate = false;

  constructor(files: WhitelistFiles) {
    this.#files = files;
  }

  /** Loads the lists for the first time, as far as they can be read. @returns a warning per trouble */
  async load(): Promise<string[]> {
    const [clients, recipients] = await this.#read();
    this.#clients = clients;
    this.#recipients = recipients;
    this.isUpToDate = clients.isComplete && recipients.isComplete;
    return [...clients.warnings, ...recipients.warnings];
  }

  /** Loads them again; one that cannot be taken stays as it is. @returns a warning per trouble */
  async reload(): Promise<string[]> {
    const [clients, recipients] = await this.#read();
    const warnings = [
      ...clients.warnings,
      ...troublesOf('client', this.#clients, clients),
      ...recipients.warnings,
      ...troublesOf('recipient', this.#recipients, recipients),
    ];
    const [takesClients, takesRecipients] = [
      canReplace(this.#clients, clients),
      canReplace(this.#recipients, recipients),
    ];
    if (takesClients) this.#clients = clients;
    if (takesRecipients) this.#recipients = recipients;
    this.isUpToDate = takesClients && takesRecipients;
    return warnings;
  }

  /** How many patterns are in force: `150 client and 2 recipient patterns`. */
  summary(): string {
    const { clients, recipients } = this.sizes;
    return `${clients} client and ${recipients} recipient patterns`;
  }

  /** Patterns in force. */
  get sizes(): { readonly clients: number; readonly recipients: number } {
    return { clients: this.#clients.list.size, recipients: this.#recipients.list.size };
  }

  /** The line by which a client is on its whitelist, if it is. */
  findClient(clientName: string, client: IpAddress): WhitelistLine | undefined {
    return this.#clients.list.findName(clientName) ?? this.#clients.list.findAddress(client);
  }

  /** The line by which a recipient is on its whitelist, if it is. */
  findRecipient(recipient: string): WhitelistLine | undefined {
    return this.#recipients.list.find(recipient);
  }

  #read() {
    return Promise.all([
      readList(this.#files.clients, new ClientList()),
      readList(this.#files.recipients, new RecipientList()),
    ]);
  }
}

interface ReadList<List> {
  readonly list: List;
  /** Patterns that came from each file that could be read. */
  readonly patterns: ReadonlyMap<string, number>;
  readonly warnings: string[];
  /** Every file could be read, or may be absent. */
  readonly isComplete: boolean;
}

interface AnyList {
  readonly size: number;
  add: AddLine;
}

function emptyList<List extends AnyList>(list: List): ReadList<List> {
  return { list, patterns: new Map(), warnings: [], isComplete: false };
}

async function readList<List extends AnyList>(paths: readonly string[], list: List): Promise<ReadList<List>> {
  const patterns = new Map<string, number>();
  const warnings: string[] = [];
  let isComplete = true;
  for (const path of paths) {
    const before = list.size;
    try {
      warnings.push(...(await readWhitelistFile(path, (line) => list.add(line))));
      patterns.set(path, list.size - before);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && path.endsWith(OPTIONAL_SUFFIX)) continue;
      isComplete = false;
      warnings.push(`cannot read whitelist ${path}: ${message}`);
    }
  }
  return { list, patterns, warnings, isComplete };
}

function canReplace(before: ReadList<AnyList>, read: ReadList<AnyList>): boolean {
  return read.isComplete && !isEmptied(before, read);
}

function isEmptied(before: ReadList<AnyList>, read: ReadList<AnyList>): boolean {
  return before.list.size > 0 && read.list.size === 0;
}

/** What there is to tell of a reload, beside the lines and files that could not be read. */
function troublesOf(name: string, before: ReadList<AnyList>, read: ReadList<AnyList>): string[] {
  const kept = `the ${name} whitelist stays as it was`;
  if (!read.isComplete) return [kept];
  if (isEmptied(before, read))
    return [`${kept}: its files have no valid line any more; for an empty list, restart greyd`];
  return [...before.patterns]
    .filter(([path, count]) => count > 0 && read.patterns.get(path) === 0 && !path.endsWith(OPTIONAL_SUFFIX))
    .map(([path, count]) => `${path} has no valid line any more: its ${count} patterns no longer count`);
}
