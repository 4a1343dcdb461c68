/**
 * The knowledge of postgrey in the course of a conversation, derived from the reasons that it logs: when
 * each triplet was first and last seen, when each client was last counted, which messages got a header.
 * By this the suite tells on what grounds the programs may differ; that they decide alike without such
 * grounds is not decided here, but by comparing them.
 */
import { parseAddress } from '../../src/address/ip.ts';
import { clientKey, postgreyKey, tripletKey } from '../../src/greylist/keys.ts';
import type { Options } from '../../src/options/daemon.ts';
import type { Exchange } from './pair.ts';
import { decoded, fieldOf, type TestRequest } from './request.ts';

const AUTO_WHITELIST_INTERVAL = 3600;
/** greyd notes a visit of a triplet that has passed in its first hour, and when the one noted before lies so far back. */
export const NOTING_INTERVAL = 3600;
/** postgrey remembers so many messages. */
const MAX_INSTANCES = 10;

/** The grounds on which the programs may differ in one exchange. */
export interface Grounds {
  /** The triplet was looked up, and expired by what greyd has noted of its last visit. */
  readonly tripletExpired: boolean;
  /** The same of the client, where it decides something. */
  readonly clientExpired: boolean;
  /** The client was last counted at a later time than now, and would be counted again. */
  readonly clientFromFuture: boolean;
  /** The triplet was looked up before under other bytes that greyd takes for the same text. */
  readonly otherBytes: boolean;
  /** Seconds since the triplet was first seen, if it now passes for the first time. */
  readonly delayed: number | undefined;
  /** postgrey has put so many other messages into its memory since this one. */
  readonly isForgotten: boolean;
}

/** The keys of a request's records as postgrey writes them, by greyd's own reading. */
export function keysOf(
  request: TestRequest,
  options: Options,
): { triplet: string; client: string } | undefined {
  const field = (name: string) => decoded(fieldOf(request, name) ?? '');
  const address = parseAddress(field('client_address'));
  if (address === undefined) return undefined;
  const key = tripletKey(address, field('sender'), field('recipient'), options.networkLengths);
  return {
    triplet: postgreyKey(key, options.lookupByHost),
    client: postgreyKey(clientKey(address), options.lookupByHost),
  };
}

export class Ledger {
  readonly #options: Options;
  readonly #triplets = new Map<string, { first: number; last: number; noted: number; bytes: string }>();
  /** When each client was last counted. */
  readonly #clients = new Map<string, number>();
  readonly #instances: string[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  /** Takes note of an exchange. @returns the grounds on which its outcomes may differ */
  note({ request, postgrey }: Exchange): Grounds {
    const { maxAge, delay } = this.#options;
    const reason = /action=\w+, reason=([\w -]+?)(?= \(|,|$)/.exec(postgrey.lines.at(-1) ?? '')?.[1] ?? '';
    const keys = keysOf(request, this.#options);
    const now = request.time;
    const instance = fieldOf(request, 'instance');
    const grounds = {
      tripletExpired: false,
      clientExpired: false,
      clientFromFuture: false,
      otherBytes: false,
      delayed: undefined,
      isForgotten: this.#hasForgotten(instance),
    };
    if (keys === undefined || !GREYLISTING.has(reason)) return grounds;

    const counted = this.#clients.get(keys.client);
    const isClientOld = counted !== undefined && now - counted > maxAge;
    if (reason === 'client AWL') {
      if (counted === undefined || now >= counted + AUTO_WHITELIST_INTERVAL || counted > now)
        this.#clients.set(keys.client, now);
      return { ...grounds, clientExpired: isClientOld };
    }

    const before = this.#triplets.get(keys.triplet);
    const bytes = keyBytes(request);
    const first = before === undefined || reason === 'new' ? now : before.first;
    const hadPassed = before !== undefined && before.last - before.first >= delay;
    const isNoted =
      !hadPassed ||
      now >= before.noted + NOTING_INTERVAL ||
      before.noted > now ||
      before.noted - before.first < NOTING_INTERVAL;
    this.#triplets.set(keys.triplet, { first, last: now, noted: isNoted ? now : before.noted, bytes });
    const isFirstSuccess = reason === 'triplet found' && !hadPassed;
    if (isFirstSuccess && this.#options.autoWhitelistClients > 0) {
      if (counted === undefined || now >= counted + AUTO_WHITELIST_INTERVAL)
        this.#clients.set(keys.client, now);
    }
    if (postgrey.answer.startsWith('PREPEND') && instance !== undefined) this.#instances.push(instance);
    return {
      ...grounds,
      tripletExpired:
        before !== undefined &&
        reason !== 'new' &&
        (hadPassed ? now - before.noted >= maxAge + NOTING_INTERVAL : now - before.last > maxAge),
      clientExpired: isFirstSuccess && isClientOld,
      clientFromFuture: isFirstSuccess && counted !== undefined && counted > now,
      otherBytes: before !== undefined && before.bytes !== bytes,
      delayed: isFirstSuccess ? now - first : undefined,
    };
  }

  #hasForgotten(instance: string | undefined): boolean {
    if (instance === undefined || !this.#instances.includes(instance)) return false;
    return !this.#instances.slice(-MAX_INSTANCES).includes(instance);
  }
}

const GREYLISTING = new Set(['new', 'early-retry', 'triplet found', 'client AWL']);

/** Text in the key beyond ASCII, where UTF-8 and Latin-1 differ. */
function keyBytes(request: TestRequest): string {
  const beyond = ['sender', 'recipient'].map((name) =>
    (fieldOf(request, name) ?? '').replace(/[^\x80-\xff]/g, ''),
  );
  return beyond.join('/');
}
