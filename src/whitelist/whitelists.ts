/**
 * Both whitelists, loaded whole from their files. A reload builds new lists and then swaps them;
 * no request sees a half-read list. A list stays as it was if one of its files cannot be read at a
 * reload, or if it had patterns and would have none now: a file that was emptied or damaged by mistake
 * must not defer the mail of listed hosts. At the start the files count as they are.
 *
 * Known limit: in a list with several files, one that has lost all its patterns is loaded as it is, with
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

/** Suffix of optional files: the administrator's own additions. */
const OPTIONAL_SUFFIX = '.local';

export class Whitelists {
  readonly #files: WhitelistFiles;
  #clients = emptyList(new ClientList());
  #recipients = emptyList(new RecipientList());

  /** True if all files of both lists were loaded when they were last read. */
  isUpToDate = false;

  constructor(files: WhitelistFiles) {
    this.#files = files;
  }

  /** Loads the lists for the first time, as far as they can be read. @returns a warning per problem */
  async load(): Promise<string[]> {
    const [clients, recipients] = await this.#read();
    this.#clients = clients;
    this.#recipients = recipients;
    this.isUpToDate = clients.isComplete && recipients.isComplete;
    return [...clients.warnings, ...recipients.warnings];
  }

  /** Loads them again; a list that cannot be loaded stays as it is. @returns a warning per problem */
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

  /** Returns how many patterns are in use: `150 client and 2 recipient patterns`. */
  summary(): string {
    const { clients, recipients } = this.sizes;
    return `${clients} client and ${recipients} recipient patterns`;
  }

  /** The number of patterns in use. */
  get sizes(): { readonly clients: number; readonly recipients: number } {
    return { clients: this.#clients.list.size, recipients: this.#recipients.list.size };
  }

  /** Returns the whitelist line that matches a client, if there is one. */
  findClient(clientName: string, client: IpAddress): WhitelistLine | undefined {
    return this.#clients.list.findName(clientName) ?? this.#clients.list.findAddress(client);
  }

  /** Returns the whitelist line that matches a recipient, if there is one. */
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
  /** The number of patterns from each file that could be read. */
  readonly patterns: ReadonlyMap<string, number>;
  readonly warnings: string[];
  /** True if every file could be read, or may be absent. */
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

/** Returns warnings about a reload, beside those about unreadable lines and files. */
function troublesOf(name: string, before: ReadList<AnyList>, read: ReadList<AnyList>): string[] {
  const kept = `the ${name} whitelist stays as it was`;
  if (!read.isComplete) return [kept];
  if (isEmptied(before, read))
    return [`${kept}: its files have no valid line any more; to load an empty list, restart greyd`];
  return [...before.patterns]
    .filter(([path, count]) => count > 0 && read.patterns.get(path) === 0 && !path.endsWith(OPTIONAL_SUFFIX))
    .map(
      ([path, count]) =>
        `${path} has no valid line any more: ${count === 1 ? 'its pattern is' : `its ${count} patterns are`} dropped`,
    );
}
