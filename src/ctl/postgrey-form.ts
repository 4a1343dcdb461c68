/**
 * Which postgrey has written a database, by its keys: `192.0.2.0/24/alice@example.net/bob@example.org` has the mask of
 * postgrey 1.36, or is of a sender `24/alice@example.net` and a postgrey of another version. One key cannot tell that,
 * all of them can:
 *
 *   masks   clients have a mask (`192.0.2.77/32`), which 1.36 alone writes; or most triplets have one: any where there
 *           are no clients to look at, that of a whole address (--lookup-by-host) where there are
 *   short   an IPv6 address is written with `::`, as 1.27 to 1.35 do, which keep triplets by the full address
 *
 * What can be read in two ways waits until that is decided: at the first client with a mask, or at the end.
 * Clients are best shown before triplets.
 *
 * Known limits: beyond MAX_WAITING of them it is decided by what was seen until then. A database on which first 1.36
 * and then 1.37 have run has keys of both, and is taken for one of 1.36: the 1.37 one of a sender that begins like a
 * mask is misread there.
 */
import { isIPv6 } from 'node:net';
import { addressBits, formatAddress, networkOf, parseAddress } from '../address/ip.ts';

/** How keys are to be read. */
export interface KeyForm {
  /** Whether what looks like a mask is one. */
  readonly hasMasks: boolean;
  /** Whether IPv6 triplets are kept by the full address. */
  readonly isShort: boolean;
}

/** How postgrey 1.37 writes keys. */
export const PRESENT_FORM: KeyForm = { hasMasks: false, isShort: false };

/** How many keys may wait for the decision. */
export const MAX_WAITING = 100_000;
/** A longer one does not wait: postgrey has none of more than an address and two values of 512 characters. */
const MAX_WAITING_CHARACTERS = 2048;

/** `address "/" mask`, and what follows. */
interface Masked {
  readonly address: string;
  readonly length: number;
  readonly rest: string;
}

/**
 * A triplet read as one with a mask.
 * @returns undefined if it has none: no such number, bits behind it, or no sender and recipient
 */
export function readMasked(text: string): Masked | undefined {
  const [, address = '', digits = '', rest = ''] = /^([^/]*)\/(\d{1,3})\/(.*\/.*)$/s.exec(text) ?? [];
  const parsed = parseAddress(address);
  const length = Number(digits);
  if (parsed === undefined || digits !== String(length) || length < 1 || length > addressBits(parsed.family))
    return undefined;
  const isNetwork = formatAddress(networkOf(parsed, length)) === formatAddress(parsed);
  return isNetwork ? { address, length, rest } : undefined;
}

/** Whether the mask is that of a whole address. */
export function isWhole({ address, length }: Masked): boolean {
  return length === (isIPv6(address) ? 128 : 32);
}

/** A whole address that is no network of the default lengths: `192.0.2.77`, so that the mask behind it is one. */
export function isHost(address: string): boolean {
  const parsed = parseAddress(address);
  if (parsed === undefined) return false;
  return formatAddress(networkOf(parsed, parsed.family === 4 ? 24 : 64)) !== formatAddress(parsed);
}

export class FormSurvey {
  #form: KeyForm | undefined;
  #isShort = false;
  readonly #triplets = { all: 0, masked: 0, whole: 0 };
  readonly #clients = { all: 0, masked: 0 };

  /** Takes note of a key. */
  see(kind: 'triplet' | 'client', text: string): void {
    const [address = ''] = text.split('/', 1);
    // postgrey 1.36 and 1.37 write IPv6 in full.
    if (address.includes('::') && isIPv6(address)) this.#isShort = true;
    if (kind === 'client') {
      this.#clients.all += 1;
      if (/^[^/]+\/(32|128)$/.test(text)) this.#clients.masked += 1;
      return;
    }
    const masked = readMasked(text);
    this.#triplets.all += 1;
    if (masked === undefined) return;
    this.#triplets.masked += 1;
    if (isWhole(masked)) this.#triplets.whole += 1;
  }

  /** Whether the key of a triplet can be read in two ways, and it is not decided yet in which. */
  isOpen(text: string): boolean {
    if (this.#form !== undefined || text.length > MAX_WAITING_CHARACTERS) return false;
    const masked = readMasked(text);
    if (masked !== undefined)
      return this.#clients.masked === 0 && !(isWhole(masked) && isHost(masked.address));
    const [address = ''] = text.split('/', 1);
    return !this.#isShort && isIPv6(address) && isHost(address);
  }

  /** Decides by what was seen. */
  settle(): void {
    this.#form = this.form;
  }

  /** As far as it is known. */
  get form(): KeyForm {
    if (this.#form !== undefined) return this.#form;
    const { all, masked, whole } = this.#triplets;
    const evidence = this.#clients.all === 0 ? masked : whole;
    return { hasMasks: this.#clients.masked > 0 || 2 * evidence > all, isShort: this.#isShort };
  }

  /** What was decided, where it is not what postgrey 1.37 writes; undefined: there is nothing to tell. */
  get remark(): string | undefined {
    const { hasMasks, isShort } = this.form;
    const { masked, whole } = this.#triplets;
    if (hasMasks && (this.#clients.masked > 0 || masked > whole))
      return 'the keys are read as those of postgrey 1.36, with the mask behind each address';
    if (isShort)
      return 'the keys are read as those of postgrey 1.35 or older: IPv6 clients count by their network';
    if (!hasMasks && masked > whole)
      return `the keys are read as those of postgrey 1.37: ${masked - whole} senders begin like a mask`;
    return undefined;
  }
}
