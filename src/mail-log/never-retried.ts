/**
 * Finds greylisted mail that was never retried, in the entries of a log, in their order.
 *
 * A triplet was retried if a mail of it passed, for whatever reason, or was tried again `delay` seconds or more after
 * its first try. `reason=new` says that the daemon has no record any more (or that the retry came too late), so the
 * delay starts again; earlier tries are still reported. A triplet that was first tried less than `delay` seconds before
 * the end of the log may still be retried, and is not reported.
 *
 * The distance of tries on lines without a time is not known: such a triplet was retried only if a mail of it passed,
 * and is reported otherwise.
 *
 * Triplets are those of the daemon: a retry from a neighbour in the same network counts.
 *
 * Known limits: each triplet that has not passed is kept until the end, in up to two kilobytes; beyond MAX_OPEN at a
 * time no more are taken. Only the first MAX_CLIENTS clients that tried a triplet are reported.
 */
import type { IpAddress } from '../address/ip.ts';
import { DRY_RUN } from '../decisions/reasons.ts';
import { type NetworkLengths, type TripletKey, tripletKey } from '../greylist/keys.ts';
import type { LogEntry } from './entries.ts';

/** Triplets kept at a time: some 400 MB of memory. */
export const MAX_OPEN = 200_000;
const MAX_CLIENTS = 100;

/** The tries of one triplet from one client. */
export interface Tries {
  readonly client: IpAddress;
  /** The address as the log has it at the first try, the name as at the last. */
  readonly clientAddress: string;
  clientName: string;
  readonly sender: string;
  readonly recipient: string;
  readonly triplet: TripletKey;
  count: number;
  /** Empty: the log line has no time. */
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
  /** When the delay began, and whether a try came after its end. undefined: the log line has no time. */
  since: number | undefined;
  cameBack: boolean;
  /** An entry for each client. */
  readonly tries: Tries[];
}

export class Unreturned {
  /** There were more than MAX_OPEN at a time; the others are missing. */
  isIncomplete = false;
  readonly #settings: UnreturnedSettings;
  readonly #open = new Map<string, Open>();

  constructor(settings: UnreturnedSettings) {
    this.#settings = settings;
  }

  take(entry: LogEntry): void {
    // With --dry-run the mail has passed.
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

  /** Returns the tries of triplets that were never retried. @param end the last time in the log */
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
