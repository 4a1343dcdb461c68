/**
 * The mail that the programs under comparison are asked about, the same for all of them: who sends mail
 * number n to whom, and the request of Postfix about it.
 *
 *   triplets   any number of them; neighbours in number are far apart in any order of keys
 *   clients    of the auto-whitelist, in networks of their own
 *
 * All numbers in it are spelled with letters, for no program is to take them for a part that changes.
 */
import { requestText } from '../support/policy-client.ts';

export interface Mail {
  readonly clientAddress: string;
  /** The /24 of it, without its mask. */
  readonly clientNetwork: string;
  readonly sender: string;
  readonly recipient: string;
}

/** What is asked about: a triplet that is not known, one that has passed, or a client of the auto-whitelist. */
export type Kind = 'new' | 'known' | 'whitelisted';

/** The share of each kind, of 10. */
export type Mixture = Readonly<Record<Kind, number>>;

const TENTHS = 10;

/** What `known` picks from, in every database. */
export const KNOWN_TRIPLETS = 10_000;
/** What `whitelisted` picks from, in every database. */
export const WHITELISTED_CLIENTS = 1000;

/** Triplet number n, from 0 to 2^32 - 1. */
export function tripletMail(n: number): Mail {
  const mixed = scramble(n);
  const network = `${100 + (mixed % 100)}.${Math.floor(mixed / 100) % 250}.${Math.floor(mixed / 25_000) % 250}`;
  const sender = letters(mixed);
  return {
    clientAddress: `${network}.25`,
    clientNetwork: `${network}.0`,
    sender: `${sender}@${sender.slice(0, 5)}.example.net`,
    recipient: `${letters(scramble(mixed)).slice(0, 6)}@example.org`,
  };
}

/** Some mail of client number n of the auto-whitelist. */
export function whitelistedMail(n: number): Mail {
  const network = `200.${Math.floor(n / 250) % 250}.${n % 250}`;
  const sender = letters(scramble(n));
  return {
    clientAddress: `${network}.25`,
    clientNetwork: `${network}.0`,
    sender: `${sender}@${sender.slice(0, 5)}.example.com`,
    recipient: `${sender.slice(0, 6)}@example.org`,
  };
}

/** Hands out one mail after the other; no triplet is new twice. */
export class Traffic {
  readonly #kinds: readonly Kind[];
  #next: number;

  /** @param firstNew the number of the first new triplet, above those that any database holds */
  constructor(mixture: Mixture, firstNew: number) {
    this.#kinds = spread(mixture);
    this.#next = firstNew;
  }

  next(): { readonly kind: Kind; readonly request: string } {
    const number = this.#next;
    this.#next += 1;
    const kind = this.#kinds[number % TENTHS] ?? 'new';
    return { kind, request: requestAbout(mailOf(kind, number)) };
  }
}

function mailOf(kind: Kind, number: number): Mail {
  // The high bits of the number, so that it makes no difference which of ten places a kind has.
  if (kind === 'known') return tripletMail(scramble(number) % KNOWN_TRIPLETS);
  return kind === 'new' ? tripletMail(number) : whitelistedMail(scramble(number) % WHITELISTED_CLIENTS);
}

/** Ten kinds, those of one sort not all in a row. */
function spread(mixture: Mixture): Kind[] {
  const kinds: Kind[] = [];
  for (const [kind, share] of Object.entries(mixture) as [Kind, number][]) {
    for (let count = 0; count < share; count += 1) kinds.push(kind);
  }
  if (kinds.length !== TENTHS) throw new Error(`the shares must add up to ${TENTHS}`);
  // 7 and 10 have no divisor in common: each place is taken once.
  return kinds.map((_, place) => kinds[(place * 7) % TENTHS] ?? 'new');
}

const CLIENT_NAME = 'mta-out.mail.provider.example.net';

/** The text of a request, in pieces between which the parts of a mail stand. */
const [HEAD = '', BEFORE_SENDER = '', BEFORE_RECIPIENT = '', TAIL = ''] = requestText({
  client_name: CLIENT_NAME,
  reverse_client_name: CLIENT_NAME,
  helo_name: CLIENT_NAME,
  client_address: '|',
  sender: '|',
  recipient: '|',
}).split('|');

function requestAbout({ clientAddress, sender, recipient }: Mail): string {
  return HEAD + clientAddress + BEFORE_SENDER + sender + BEFORE_RECIPIENT + recipient + TAIL;
}

/** A bijection of the 32-bit numbers, by which neighbours part. */
function scramble(n: number): number {
  let mixed = Math.imul(n ^ (n >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Beyond hexadecimal digits: sqlgrey replaces those too. */
const LETTERS = 'ghijklmnopqrstuv';

/** Eight letters, other ones for each number of 32 bits. */
function letters(n: number): string {
  let text = '';
  for (let bits = 0; bits < 32; bits += 4) text += LETTERS[(n >>> bits) & 15];
  return text;
}
