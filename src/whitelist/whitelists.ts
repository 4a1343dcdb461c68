/**
 * All lists that an administrator writes, each loaded whole from its files (see loaded-list): who is never greylisted,
 * who always is, and by which profile.
 */

import { ClientNames } from '../address/client-name.ts';
import type { IpAddress } from '../address/ip.ts';
import { NameWords } from '../address/name-words.ts';
import { ClientList } from './client-list.ts';
import { LoadedList } from './loaded-list.ts';
import { PolicyList, type RecipientPolicy } from './policy-list.ts';
import { RecipientList } from './recipient-list.ts';
import { SenderList } from './sender-list.ts';
import type { WhitelistLine } from './whitelist-file.ts';

/** The files of each list. */
export interface WhitelistFiles {
  readonly clients: readonly string[];
  readonly recipients: readonly string[];
  readonly senders?: readonly string[];
  readonly greylistedClients?: readonly string[];
  readonly policies?: readonly string[];
  /** The longest delay of a policy, in seconds. */
  readonly maxPolicyDelay?: number;
  /** Words in client names, see name-words. */
  readonly nameWords?: readonly string[];
}

/** The number of patterns in use, by list. */
export interface WhitelistSizes {
  readonly clients: number;
  readonly recipients: number;
  readonly senders: number;
  readonly greylistedClients: number;
  readonly policies: number;
}

export class Whitelists {
  readonly #clients;
  readonly #recipients;
  readonly #senders;
  readonly #greylistedClients;
  readonly #policies;
  readonly #nameWords;
  #clientNames;

  constructor({
    clients,
    recipients,
    senders = [],
    greylistedClients = [],
    policies = [],
    maxPolicyDelay = Number.MAX_SAFE_INTEGER,
    nameWords = [],
  }: WhitelistFiles) {
    const whitelist = (kind: string, files: readonly string[]) =>
      ({ title: `${kind} whitelist`, noun: 'whitelist', files, form: 'one word' }) as const;
    const list = (title: string, files: readonly string[]) =>
      ({ title, noun: 'list', files, form: 'words' }) as const;
    this.#clients = new LoadedList(whitelist('client', clients), () => new ClientList());
    this.#recipients = new LoadedList(whitelist('recipient', recipients), () => new RecipientList());
    this.#senders = new LoadedList(
      { ...whitelist('sender', senders), form: 'words' },
      () => new SenderList(),
    );
    this.#greylistedClients = new LoadedList(
      { ...list('list of greylisted clients', greylistedClients), form: 'one word' },
      () => new ClientList(),
    );
    this.#policies = new LoadedList(
      list('list of recipient policies', policies),
      () => new PolicyList(maxPolicyDelay),
    );
    this.#nameWords = new LoadedList(list('list of words in client names', nameWords), () => new NameWords());
    this.#clientNames = new ClientNames(this.#nameWords.list);
  }

  /** True if all files of all lists were loaded when they were last read. */
  get isUpToDate(): boolean {
    return this.#all.every(({ isUpToDate }) => isUpToDate);
  }

  /** Loads the lists for the first time, as far as they can be read. @returns a warning per problem */
  async load(): Promise<string[]> {
    return (await Promise.all(this.#all.map((list) => list.load()))).flat();
  }

  /** Loads them again; a list that cannot be loaded stays as it is. @returns a warning per problem */
  async reload(): Promise<string[]> {
    return (await Promise.all(this.#all.map((list) => list.reload()))).flat();
  }

  /** Returns how many patterns are in use: `150 client and 2 recipient patterns`. */
  summary(): string {
    const { clients, recipients } = this.sizes;
    return `${clients} client and ${recipients} recipient patterns`;
  }

  get sizes(): WhitelistSizes {
    return {
      clients: this.#clients.list.size,
      recipients: this.#recipients.list.size,
      senders: this.#senders.list.size,
      greylistedClients: this.#greylistedClients.list.size,
      policies: this.#policies.list.size,
    };
  }

  /** Understands client names by the words in use. */
  get clientNames(): ClientNames {
    const { list } = this.#nameWords;
    if (this.#clientNames.words !== list) this.#clientNames = new ClientNames(list);
    return this.#clientNames;
  }

  /** Returns the whitelist line that matches a client, if there is one. */
  findClient(clientName: string, client: IpAddress): WhitelistLine | undefined {
    return this.#clients.list.find(clientName, client);
  }

  /** Returns the whitelist line that matches a recipient, if there is one. */
  findRecipient(recipient: string): WhitelistLine | undefined {
    return this.#recipients.list.find(recipient);
  }

  /**
   * Returns the whitelist line that matches a sender, if there is one.
   * @param isSuspect tells whether the client is a suspect; most lines do not count then
   */
  findSender(sender: string, isSuspect: () => boolean): WhitelistLine | undefined {
    return this.#senders.list.find(sender, isSuspect);
  }

  /** Returns the line of a client that is always greylisted, if there is one. */
  findGreylistedClient(clientName: string, client: IpAddress): WhitelistLine | undefined {
    return this.#greylistedClients.list.find(clientName, client);
  }

  /** Returns the policy of a recipient, if it has one of its own. */
  findPolicy(recipient: string): RecipientPolicy | undefined {
    return this.#policies.list.find(recipient);
  }

  get #all() {
    return [
      this.#clients,
      this.#recipients,
      this.#senders,
      this.#greylistedClients,
      this.#policies,
      this.#nameWords,
    ];
  }
}
