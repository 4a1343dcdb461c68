/**
 * What passes between the daemon's main thread and its store thread. Visits go over as a plain row of
 * their parts, five for each: to copy objects from thread to thread takes several times as long.
 */
import type { GreylistRules } from '../greylist/decision.ts';
import type { Key, NetworkLengths } from '../greylist/keys.ts';
import type { Limits } from '../greylist/limits.ts';
import type { Log } from '../log/logger.ts';
import type { DecisionCount } from '../metrics/counters.ts';
import type { SharedStoreSettings } from '../store/shared-store.ts';
import type { RecordCounts } from '../store/store.ts';
import type { CleaningPace } from './cleaner.ts';
import type { Cleaned } from './cleaning-progress.ts';
import type { Judgement, Visit } from './greylister.ts';

/** What the store thread is started with. */
export interface ThreadSettings {
  readonly dbdir: string;
  /** undefined: the embedded one, in `dbdir`. */
  readonly sharedStore: SharedStoreSettings | undefined;
  readonly privacy: boolean;
  readonly lookupByHost: boolean;
  /** With --lookup-by-host those of whole addresses. */
  readonly networkLengths: NetworkLengths;
  readonly rules: GreylistRules & Limits;
  /** How long to wait while another process locks the database, in milliseconds. */
  readonly busyTimeoutMs: number;
  readonly pace: CleaningPace;
}

/** What the thread is given beside them. */
export interface ThreadData extends ThreadSettings {
  /** One number of 32 bits: 1 from the moment on in which the thread is to end, and to wait for no lock. */
  readonly ending: SharedArrayBuffer;
}

/** Some visits, see `packVisits`. */
export type PackedVisits = readonly (string | number)[];

/** Visits to be judged together; without any, it is to be seen whether the store works. */
export interface VisitBatch {
  readonly batch: number;
  readonly visits: PackedVisits;
}

/** Counts of decisions to be saved, see `Store.addDecisions`. */
export interface DecisionBatch {
  readonly batch: number;
  readonly decisions: readonly DecisionCount[];
  readonly forgetBefore: number;
}

/** Visits, counts, the wish to know its figures, or the order to end. */
export type ToThread = VisitBatch | DecisionBatch | { readonly figures: true } | { readonly end: true };

/** What the thread knows of its store; nothing of a shared one, which counts and deletes by itself. */
export interface StoreFigures {
  /** undefined: they cannot be read now. */
  readonly records: RecordCounts | undefined;
  readonly cleaned: Readonly<Record<Key['kind'], Cleaned>> | undefined;
}

export type Outcome = Judgement | { readonly error: string };

/** The levels on which the thread has something to say. */
export type LogLevel = keyof Pick<Log, 'notice' | 'warn' | 'error'>;

/** The outcomes of a batch, one for each visit, in their order; or why it has failed; its figures; or a line for the log. */
export type FromThread =
  | { readonly batch: number; readonly outcomes: readonly Outcome[] }
  | { readonly batch: number; readonly error: string }
  | { readonly figures: StoreFigures }
  | { readonly log: LogLevel; readonly text: string };

const PARTS = 5;

export function packVisits(visits: readonly Visit[]): PackedVisits {
  const packed: (string | number)[] = [];
  for (const { triplet, client, now } of visits) {
    packed.push(triplet.clientNetwork, triplet.sender, triplet.recipient, client.clientAddress, now);
  }
  return packed;
}

export function unpackVisits(packed: PackedVisits): Visit[] {
  const visits: Visit[] = [];
  const text = (at: number) => packed[at] as string;
  for (let at = 0; at < packed.length; at += PARTS) {
    visits.push({
      triplet: { kind: 'triplet', clientNetwork: text(at), sender: text(at + 1), recipient: text(at + 2) },
      client: { kind: 'client', clientAddress: text(at + 3) },
      now: packed[at + 4] as number,
    });
  }
  return visits;
}
