/**
 * Finds what was greylisted and never came back, in the entries of a log, in their order.
 *
 * A triplet came back if a mail of it passed, for whatever reason, or was tried again `delay` seconds
 * after its first try. `reason=new` says that the daemon has forgotten what it knew (or that the
 * retry came too late), so the time counts from there again; the tries of before are still told. What
 * was first tried less than `delay` seconds before the end of the log has had no chance to come back,
 * and is not reported.
 *
 * Triplets are those of the daemon: a retry from a neighbour in the same network counts.
 *
 * Known limit: each triplet that has not passed is kept until the end, with the line of its first
 * try, in about a kilobyte.
 */
import type { IpAddress } from '../address/ip.ts';
import { type NetworkLengths, tripletKey } from '../greylist/keys.ts';
import type { LogEntry } from './mail-log.ts';

/** The tries of one triplet from one client. */
export interface Tries {
  readonly client: IpAddress;
  /** The rest as the log has it, in the first try but for the name. */
  readonly clientAddress: string;
  clientName: string;
  readonly sender: string;
  readonly recipient: string;
  /** As they stand in the triplet: without what changes from mail to mail, in lower case. */
  readonly normalisedSender: string;
  readonly normalisedRecipient: string;
  count: number;
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
  /** From when on the delay counts, and whether a try came after it. */
  since: number;
  cameBack: boolean;
  /** By the address of the client. */
  readonly tries: Map<string, Tries>;
}

export class Unreturned {
  readonly #settings: UnreturnedSettings;
  readonly #open = new Map<string, Open>();

  constructor(settings: UnreturnedSettings) {
    this.#settings = settings;
  }

  take(entry: LogEntry): void {
    const triplet = tripletKey(entry.client, entry.sender, entry.recipient, this.#settings.lengths);
    const key = `${triplet.clientNetwork}/${triplet.sender}/${triplet.recipient}`;
    if (entry.action === 'pass') {
      this.#open.delete(key);
      return;
    }
    const open = this.#open.get(key) ?? { since: entry.time, cameBack: false, tries: new Map() };
    this.#open.set(key, open);
    if (entry.reason === 'new') {
      open.since = entry.time;
      open.cameBack = false;
    } else if (entry.time - open.since >= this.#settings.delay) open.cameBack = true;
    addTry(open.tries, entry, triplet);
  }

  /** @param end the last time in the log */
  tries(end: number): Tries[] {
    return [...this.#open.values()]
      .filter(({ since, cameBack }) => !cameBack && end - since >= this.#settings.delay)
      .flatMap(({ tries }) => [...tries.values()]);
  }
}

function addTry(
  tries: Map<string, Tries>,
  { client, clientAddress, clientName, sender, recipient, timeText }: LogEntry,
  triplet: { readonly sender: string; readonly recipient: string },
): void {
  const known = tries.get(clientAddress);
  if (known !== undefined) {
    known.count += 1;
    known.lastTime = timeText;
    known.clientName = clientName;
    return;
  }
  tries.set(clientAddress, {
    client,
    clientAddress,
    clientName,
    sender,
    recipient,
    normalisedSender: triplet.sender,
    normalisedRecipient: triplet.recipient,
    count: 1,
    firstTime: timeText,
    lastTime: timeText,
  });
}
