/**
 * Finds out which version of postgrey has written a database, by its keys: `192.0.2.0/24/alice@example.net/bob@example.org`
 * has the mask of postgrey 1.36, or the sender `24/alice@example.net` and is of another version. One key cannot show
 * that, all of them can:
 *
 *   masks   clients have a mask (`192.0.2.77/32`), which only 1.36 writes; or most triplets have one: any mask if there
 *           are no clients to look at, that of a whole address (--lookup-by-host) if there are
 *   short   an IPv6 address is written with `::`, as by 1.27 to 1.35, which keep triplets by the full address
 *
 * A key that can be read in two ways waits for the decision: at the first client with a mask, or at the end. Clients
 * are best seen before triplets.
 *
 * Known limits: when more than MAX_WAITING keys wait, those seen so far decide. A database on which first 1.36 and
 * then 1.37 have run has keys of both, and is taken for one of 1.36: a key of 1.37 with a sender that begins like a
 * mask is misread.
 */
import { isIPv6 } from 'node:net';
import { addressBits, formatAddress, networkOf, parseAddress } from '../address/ip.ts';

/** How keys are to be read. */
export interface KeyForm {
  /** A text that looks like a mask is one. */
  readonly hasMasks: boolean;
  /** IPv6 triplets are kept by the full address. */
  readonly isShort: boolean;
}

/** How postgrey 1.37 writes keys. */
export const PRESENT_FORM: KeyForm = { hasMasks: false, isShort: false };

/** Keys that may wait for the decision. */
export const MAX_UNDECIDED = 100_000;
/** A longer key does not wait: postgrey's have at most an address and two values of 512 characters. */
const MAX_WAITING_CHARACTERS = 2048;

/** The parts of a key with a mask: `address "/" mask "/" rest`. */
interface Masked {
  readonly address: string;
  readonly length: number;
  readonly rest: string;
}

/**
 * Reads a triplet as one with a mask.
 * @returns undefined if it has none: no valid number, host bits set, or sender or recipient missing
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

/** Tells whether the mask is that of a whole address. */
export function isWhole({ address, length }: Masked): boolean {
  return length === (isIPv6(address) ? 128 : 32);
}

/** Tells whether an address is no network of the default lengths, as `192.0.2.77`: then a mask after it is one. */
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

  /** Counts a key. */
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

  /** Tells whether the key of a triplet can be read in two ways, and the decision is still open. */
  isOpen(text: string): boolean {
    if (this.#form !== undefined || text.length > MAX_WAITING_CHARACTERS) return false;
    const masked = readMasked(text);
    if (masked !== undefined)
      return this.#clients.masked === 0 && !(isWhole(masked) && isHost(masked.address));
    const [address = ''] = text.split('/', 1);
    return !this.#isShort && isIPv6(address) && isHost(address);
  }

  /** Decides by the keys seen so far. */
  settle(): void {
    this.#form = this.form;
  }

  /** The form that was decided, or that the keys seen so far suggest. */
  get form(): KeyForm {
    if (this.#form !== undefined) return this.#form;
    const { all, masked, whole } = this.#triplets;
    const evidence = this.#clients.all === 0 ? masked : whole;
    return { hasMasks: this.#clients.masked > 0 || 2 * evidence > all, isShort: this.#isShort };
  }

  /** A remark for the administrator if the form is not plainly that of postgrey 1.37. */
  get remark(): string | undefined {
    const { hasMasks, isShort } = this.form;
    const { masked, whole } = this.#triplets;
    if (hasMasks && (this.#clients.masked > 0 || masked > whole))
      return 'reading keys in the format of postgrey 1.36: each address has a mask';
    if (isShort)
      return 'reading keys in the format of postgrey 1.35 or older: IPv6 clients are stored by their network';
    if (!hasMasks && masked > whole)
      return `reading keys in the format of postgrey 1.37: ${masked - whole === 1 ? '1 sender begins' : `${masked - whole} senders begin`} like a mask`;
    return undefined;
  }
}
