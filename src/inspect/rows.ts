/**
 * Shows records as rows of a table, and as objects for --json.
 */

import type { ClientKey, PlainKey, TripletKey } from '../greylist/keys.ts';
import type { ClientRecord, TripletRecord } from '../greylist/records.ts';
import type { TableForm } from './format/table.ts';
import { shortTime, utc } from './format/times.ts';
import { STATE_STYLES, type State } from './states.ts';

export interface TripletRow {
  readonly key: TripletKey;
  readonly record: TripletRecord;
  readonly state: State;
}

export interface ClientRow {
  readonly key: ClientKey;
  readonly record: ClientRecord;
  readonly state: State;
}

/** @param isForPeople true: times are local; false: UTC, for programs */
export function tripletForm(isForPeople: boolean): TableForm<TripletRow> {
  const time = isForPeople ? shortTime : utc;
  return {
    columns: [
      { heading: 'network', text: ({ key }) => key.clientNetwork },
      { heading: 'sender', text: ({ key }) => shownSender(key.sender) },
      { heading: 'recipient', text: ({ key }) => shownRecipient(key.recipient) },
      { heading: 'first seen', text: ({ record }) => time(record.first) },
      { heading: 'last seen', text: ({ record }) => time(record.last) },
      { heading: 'state', text: ({ state }) => state, style: ({ state }) => STATE_STYLES[state] },
    ],
    toObject: ({ key, record, state }) => ({
      ...keyObject(key),
      first_seen: utc(record.first),
      last_seen: utc(record.last),
      state,
    }),
  };
}

/** @param isForPeople true: times are local; false: UTC, for programs */
export function clientForm(isForPeople: boolean): TableForm<ClientRow> {
  const time = isForPeople ? shortTime : utc;
  return {
    columns: [
      { heading: 'client', text: ({ key }) => key.clientAddress },
      { heading: 'retries', text: ({ record }) => String(record.count), isNumber: true },
      { heading: 'last counted', text: ({ record }) => time(record.last) },
      { heading: 'state', text: ({ state }) => state, style: ({ state }) => STATE_STYLES[state] },
    ],
    toObject: ({ key, record, state }) => ({
      ...keyObject(key),
      mails: record.count,
      last_counted: utc(record.last),
      state,
    }),
  };
}

/** Shows the null sender as `<>`. */
export function shownSender(sender: string): string {
  return sender === '' ? '<>' : sender;
}

/** Shows an empty recipient in words: DATA and END-OF-MESSAGE of a mail to several recipients have none. */
export function shownRecipient(recipient: string): string {
  return recipient === '' ? '(no recipient)' : recipient;
}

/** Returns the key for --json. */
export function keyObject(key: PlainKey): object {
  return key.kind === 'triplet'
    ? { kind: key.kind, client_network: key.clientNetwork, sender: key.sender, recipient: key.recipient }
    : { kind: key.kind, client_address: key.clientAddress };
}

/** Returns the key for people: `192.0.2.0 alice@example.net -> bob@example.org`. */
export function keyText(key: PlainKey): string {
  return key.kind === 'triplet'
    ? `${key.clientNetwork} ${shownSender(key.sender)} -> ${shownRecipient(key.recipient)}`
    : key.clientAddress;
}
