/**
 * Finds what was greylisted and never came back, in the entries of a log, in their order.
 *
 * A triplet came back if a mail of it passed, for whatever reason, or was tried again `delay` seconds
 * after its first try. `reason=new` says that the daemon has forgotten what it knew (or that the
 * retry came too late), so the time counts from there again; the tries of before are still told. What
 * was first tried less than `delay` seconds before the end of the log has had no chance to come back,
 * and is not reported.
 *
 * Lines without a time tell of tries whose distance nobody knows: they count as come back only if a mail
 * passed, and had their chance.
 *
 * Triplets are those of the daemon: a retry from a neighbour in the same network counts.
 *
 * Known limits: each triplet that has not passed is kept until the end, in up to two kilobytes; beyond
 * MAX_OPEN at a time no more are taken. Of the clients that tried one from its network the first
 * MAX_CLIENTS are told.
 */
import type { IpAddress } from '../address/ip.ts';
import { type NetworkLengths, type TripletKey, tripletKey } from '../greylist/keys.ts';
import { DRY_RUN } from '../log/action-line.ts';
import type { LogEntry } from './mail-log.ts';

/** Some 400 MB of memory, and more than anybody reads. */
export const MAX_OPEN = 200_000;
const MAX_CLIENTS = 100;

/** The tries of one triplet from one client. */
export interface Tries {
  readonly client: IpAddress;
  /** As in the log, in the first try; the name as in the last. */
  readonly clientAddress: string;
  clientName: string;
  readonly sender: string;
  readonly recipient: string;
  readonly triplet: TripletKey;
  count: number;
  /** Empty: the log does not say. */
  readonly firstTime: string;
  lastTime: string;
}

export interface UnreturnedSettings {
  /** Seconds. */
  readonly delay: number;
  readonly lengths: NetworkLengths;
}

/** A triplet of which no mail has passed. */
interface Open {
  /** From when on the delay counts, and whether a try came after it. undefined: the log does not say. */
  since: number | undefined;
  cameBack: boolean;
  /** One for each client. */
  readonly tries: Tries[];
}

export class Unreturned {
  /** There were more than MAX_OPEN at a time; of the others nothing is known. */
  isIncomplete = false;
  readonly #settings: UnreturnedSettings;
  readonly #open = new Map<string, Open>();

  constructor(settings: UnreturnedSettings) {
    this.#settings = settings;
  }

  take(entry: LogEntry): void {
    // Its mail was let in.
    if (entry.action === DRY_RUN) return;
    const triplet = tripletKey(entry.client, entry.sender, entry.recipient, this.#settings.lengths);
    const key = `${triplet.clientNetwork}/${triplet.sender}/${triplet.recipient}`;
    if (entry.action === 'pass') {
      this.#open.delete(key);
      return;
    }
    if (!this.#open.has(key) && this.#open.size >= MAX_OPEN) {
      this.isIncomplete = true;
      return;
    }
    const open = this.#open.get(key) ?? { since: entry.time, cameBack: false, tries: [] };
    this.#open.set(key, open);
    if (entry.reason === 'new') {
      open.since = entry.time;
      open.cameBack = false;
    } else if (this.#isOver(open.since, entry.time)) open.cameBack = true;
    addTry(open.tries, entry, triplet);
  }

  /** @param end the last time in the log */
  tries(end: number): Tries[] {
    return [...this.#open.values()]
      .filter(({ since, cameBack }) => !cameBack && (since === undefined || this.#isOver(since, end)))
      .flatMap(({ tries }) => tries);
  }

  #isOver(since: number | undefined, time: number | undefined): boolean {
    return since !== undefined && time !== undefined && time - since >= this.#settings.delay;
  }
}

function addTry(tries: Tries[], entry: LogEntry, triplet: TripletKey): void {
  const { client, clientAddress, clientName, sender, recipient, timeText } = entry;
  const known = tries.find((one) => one.clientAddress === clientAddress);
  if (known !== undefined) {
    known.count += 1;
    known.lastTime = timeText;
    known.clientName = clientName;
  } else if (tries.length < MAX_CLIENTS) {
    tries.push({
      client,
      clientAddress,
      clientName,
      sender,
      recipient,
      triplet,
      count: 1,
      firstTime: timeText,
      lastTime: timeText,
    });
  }
}
