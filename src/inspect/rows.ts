/**
 * Shows records as rows of a table, and as objects for --json.
 */

import { type ClientKey, type PlainKey, subjectOf, type TripletKey } from '../greylist/keys.ts';
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
      { heading: 'network', text: ({ key }) => shownNetwork(key) },
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

/** Returns the network of a triplet, or the registered domain of a pool. */
function shownNetwork({ clientNetwork }: TripletKey): string {
  return clientNetwork.replace(/^@/, '');
}

/** Returns who has written to whom. @param text of the key, without its sign */
export function partsOfPair(text: string): { recipient: string; correspondent: string } {
  const at = text.indexOf(' ');
  const recipient = text.slice(0, at).replaceAll('%20', ' ').replaceAll('%25', '%');
  return { recipient, correspondent: text.slice(at + 1) };
}

/** Returns the key for --json. */
export function keyObject(key: PlainKey): object {
  const subject = subjectOf(key);
  if (key.kind === 'client')
    return subject === 'client'
      ? { kind: subject, client_address: key.clientAddress }
      : { kind: subject, name: key.clientAddress.slice(1) };
  const { sender, recipient } = key;
  return subject === 'pool'
    ? { kind: subject, domain: shownNetwork(key), sender, recipient }
    : { kind: subject, client_network: key.clientNetwork, sender, recipient };
}

/** Returns the key for people: `192.0.2.0 alice@example.net -> bob@example.org`. */
export function keyText(key: PlainKey): string {
  if (key.kind === 'triplet')
    return `${shownNetwork(key)} ${shownSender(key.sender)} -> ${shownRecipient(key.recipient)}`;
  const name = key.clientAddress.slice(1);
  switch (subjectOf(key)) {
    case 'farm':
      return `farm ${name}`;
    case 'opened':
      return `waits begun of farm ${name}`;
    case 'correspondent': {
      const { recipient, correspondent } = partsOfPair(name);
      return `${recipient} has written to ${shownSender(correspondent)}`;
    }
    case 'window':
      return `window of ${name}`;
    default:
      return key.clientAddress;
  }
}
