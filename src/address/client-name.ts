/**
 * What the confirmed name of a client says about it: a customer's line, a mail host, a rented machine, or nothing.
 *
 * Words are looked for left of the domain that was registered with the registry, and some in that domain's own label;
 * never in the public suffix: `.mx` is Mexico. A name with the word of a line is a line, whatever else it says, unless a
 * whole label is that of a mail server and fewer than three octets of the address stand in the name.
 *
 * Without a look-up: Postfix has confirmed the name.
 */
import { comparableName } from './host-name.ts';
import type { IpAddress } from './ip.ts';
import { type OctetCount, octetsIn } from './name-octets.ts';
import type { NameWords } from './name-words.ts';
import { MAX_DOMAIN_LENGTH, registeredDomain, registryDomain } from './registered-domain.ts';

export interface NameFacts {
  /** In comparable form, without a dot at the end. */
  readonly name: string | undefined;
  /** The registered domain, with the private part of the Public Suffix List. */
  readonly domain: string | undefined;
  readonly isLine: boolean;
  readonly hasMailWord: boolean;
  /** The shortest end of the name that still has a mail word: `mail-out.ovh.net` of `mo1.mail-out.ovh.net`. */
  readonly mailName: string | undefined;
  /** How many octets of the client's address stand in the name. */
  readonly octets: OctetCount;
  readonly looksRented: boolean;
}

/** From so many octets of the address on, a name was made of the address. */
export const MANY_OCTETS = 3;

const SILENT = {
  isLine: false,
  hasMailWord: false,
  mailName: undefined,
  looksRented: false,
} as const satisfies Partial<NameFacts>;

/** What a name says, whatever the address. */
interface ReadName {
  readonly facts: Omit<NameFacts, 'octets'>;
  /** A whole label is that of a mail server. */
  readonly isServer: boolean;
  /** Where octets of the address are looked for. */
  readonly ownPart: string;
}

/** Maximum number of names that are remembered; beyond it the oldest is forgotten. */
const MAX_READ_NAMES = 10_000;

/** Reads names by some words, and remembers what it has read: hosts come again. */
export class ClientNames {
  readonly words: NameWords;
  /** A Map keeps the order of insertion, so its first key is the oldest. */
  readonly #read = new Map<string, ReadName>();

  constructor(words: NameWords) {
    this.words = words;
  }

  /** @param clientName as Postfix gives it: `unknown` if it is not confirmed */
  factsOf(clientName: string, client: IpAddress): NameFacts {
    let read = this.#read.get(clientName);
    if (read === undefined) {
      read = readName(clientName, this.words);
      this.#read.set(clientName, read);
      if (this.#read.size > MAX_READ_NAMES) {
        for (const oldest of this.#read.keys()) {
          this.#read.delete(oldest);
          break;
        }
      }
    }
    const { facts, isServer, ownPart } = read;
    const octets = octetsIn(ownPart, client);
    const { name, domain, hasMailWord, mailName, looksRented } = facts;
    const isLine = facts.isLine && !(isServer && octets < MANY_OCTETS);
    return { name, domain, isLine, hasMailWord, mailName, octets, looksRented };
  }
}

function readName(clientName: string, words: NameWords): ReadName {
  const name = comparableClientName(clientName);
  const domain = name === undefined ? undefined : registeredDomain(name);
  const registered = name === undefined ? undefined : registryDomain(name);
  if (name === undefined || registered === undefined)
    return { facts: { ...SILENT, name, domain }, isServer: false, ownPart: '' };
  const hostPart = name.slice(0, -registered.length - 1);
  const labels = hostPart === '' ? [] : hostPart.split('.');
  const ownLabel = registered.slice(0, registered.indexOf('.'));
  const mailName = mailNameOf(name, labels, ownLabel, words);
  return {
    facts: {
      name,
      domain,
      isLine: lettersOf(hostPart).some((part) => words.line.has(part)),
      hasMailWord: mailName !== undefined,
      mailName,
      looksRented: looksRented(hostPart, labels, words),
    },
    isServer: labels.some((label) => words.server.has(label)),
    ownPart: `${hostPart}.${ownLabel}`,
  };
}

/** @returns undefined if there is none: `unknown`, an address, a name without a dot */
function comparableClientName(clientName: string): string | undefined {
  const name = comparableName(clientName.endsWith('.') ? clientName.slice(0, -1) : clientName);
  return name.length <= MAX_DOMAIN_LENGTH && name.includes('.') && /[a-z]/.test(name) ? name : undefined;
}

function lettersOf(text: string): readonly string[] {
  return text.match(/[a-z]+/g) ?? [];
}

function mailNameOf(
  name: string,
  labels: readonly string[],
  ownLabel: string,
  words: NameWords,
): string | undefined {
  const endAt = (label: number) => name.split('.').slice(label).join('.');
  if (lettersOf(ownLabel).some((part) => words.own.has(part))) return endAt(labels.length);
  const pool = words.poolOf(name);
  if (pool !== undefined) return pool;
  const last = labels.findLastIndex((label) => lettersOf(label).some((part) => words.mail.has(part)));
  if (last !== -1) return endAt(last);
  const [first = ''] = labels;
  return /\d/.test(first) && lettersOf(first).some((part) => words.numbered.has(part)) ? name : undefined;
}

function looksRented(hostPart: string, labels: readonly string[], words: NameWords): boolean {
  return (
    lettersOf(hostPart).some((part) => words.rented.has(part)) ||
    labels.some((label) => words.start.has(/^[a-z]+/.exec(label)?.[0] ?? '')) ||
    words.serial.has(/^([a-z]+)-?\d+$/.exec(labels[0] ?? '')?.[1] ?? '') ||
    hasSerialNumber(hostPart)
  );
}

/** Tells whether there is a number as of an inventory: five digits in a row, or eight hex digits. */
function hasSerialNumber(hostPart: string): boolean {
  const rows = hostPart.match(/[\da-f]{5,}/g) ?? [];
  return rows.some((row) => /\d{5}/.test(row) || (row.length >= 8 && /\d/.test(row)));
}
