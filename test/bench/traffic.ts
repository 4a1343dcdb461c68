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
  /** The registered domain of its name, one of 4,096. */
  readonly clientDomain: string;
  readonly sender: string;
  readonly recipient: string;
}

/**
 * What is asked about: a triplet that is not known; one that has passed, for the first time since yesterday;
 * one that was seen a minute ago; or a client of the auto-whitelist.
 */
export type Kind = 'new' | 'known' | 'recent' | 'whitelisted';

/** The share of each kind, of 10. */
export type Mixture = Readonly<Record<Kind, number>>;

const TENTHS = 10;

/** The first so many triplets of every database are those of `recent`, of which it picks any. */
export const RECENT_TRIPLETS = 10_000;
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
    clientDomain: domainOf(mixed),
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
    clientDomain: domainOf(n),
    sender: `${sender}@${sender.slice(0, 5)}.example.com`,
    recipient: `${sender.slice(0, 6)}@example.org`,
  };
}

/** Where the traffic of a slice begins, so that none asks about what another has asked about. */
export interface Start {
  /** The number of the first new triplet, above those that any database holds. */
  readonly new: number;
  /** How many of the triplets of `known` were asked about before. */
  readonly known: number;
}

/** Hands out one mail after the other. No triplet is new twice, and none is `known` twice in a database. */
export class Traffic {
  readonly #kinds: readonly Kind[];
  readonly #triplets: number;
  readonly #start: Start;
  /** Handed out until now. */
  readonly counts: Record<Kind, number> = { new: 0, known: 0, recent: 0, whitelisted: 0 };
  #next = 0;

  /** @param triplets in the database, those of `recent` first */
  constructor(mixture: Mixture, triplets: number, start: Start) {
    this.#kinds = spread(mixture);
    this.#triplets = triplets;
    this.#start = start;
  }

  next(): { readonly kind: Kind; readonly request: string } {
    const kind = this.#kinds[this.#next % TENTHS] ?? 'new';
    this.#next += 1;
    const request = requestAbout(this.#mailOf(kind));
    this.counts[kind] += 1;
    return { kind, request };
  }

  #mailOf(kind: Kind): Mail {
    const count = this.counts[kind];
    switch (kind) {
      case 'new':
        return tripletMail(this.#start.new + count);
      case 'known': {
        const number = RECENT_TRIPLETS + this.#start.known + count;
        if (number >= this.#triplets)
          throw new Error('each known triplet was asked about: the database is too small');
        return tripletMail(number);
      }
      case 'recent':
        return tripletMail(scramble(count) % RECENT_TRIPLETS);
      case 'whitelisted':
        return whitelistedMail(scramble(count) % WHITELISTED_CLIENTS);
    }
  }
}

/** Ten kinds, those of one sort not all in a row. */
function spread(mixture: Mixture): Kind[] {
  const kinds: Kind[] = [];
  for (const [kind, share] of Object.entries(mixture) as [Kind, number][]) {
    for (let count = 0; count < share; count += 1) kinds.push(kind);
  }
  if (kinds.length !== TENTHS) throw new Error(`the shares must add up to ${TENTHS}`);
  // 7 and 10 have no divisor in common: each place is taken once.
  return kinds.map((_, place) => kinds[(place * 7) % TENTHS] as Kind);
}

/** The text of a request, in pieces between which the parts of a mail stand. */
const PIECES = requestText({
  client_address: '|client_address|',
  client_name: '|name|',
  reverse_client_name: '|name|',
  helo_name: '|name|',
  sender: '|sender|',
  recipient: '|recipient|',
}).split('|');

function requestAbout({ clientAddress, clientDomain, sender, recipient }: Mail): string {
  const parts: Readonly<Record<string, string>> = {
    client_address: clientAddress,
    name: `mta-out.mail.${clientDomain}`,
    sender,
    recipient,
  };
  // Every other piece is the name of a part.
  return PIECES.map((piece, index) => (index % 2 === 1 ? (parts[piece] ?? '') : piece)).join('');
}

/** One of 4,096 domains: so many providers send to a large site. */
function domainOf(n: number): string {
  return `provider-${letters(scramble(n)).slice(0, 3)}.example`;
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
