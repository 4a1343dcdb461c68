/**
 * The messages between the daemon's main thread and its store thread. Visits are sent as a flat list of
 * their parts, six for each: copying objects from thread to thread takes several times as long.
 */
import type { DecisionCount } from '../decisions/counters.ts';
import type { GreylistRules } from '../greylist/decision.ts';
import type { Key, NetworkLengths } from '../greylist/keys.ts';
import type { Limits } from '../greylist/limits.ts';
import type { Profile, Submission, Terms, Visit } from '../greylist/visit.ts';
import type { Log } from '../log/logger.ts';
import type { SharedStoreSettings } from '../store/redis/open.ts';
import type { RecordCounts } from '../store/store.ts';
import type { UnixSeconds } from '../time/clock.ts';
import type { Cleaned, CleaningPace } from './cleaner.ts';
import type { Verdict } from './greylister.ts';

/** The settings that the store thread is started with. */
export interface ThreadSettings {
  readonly dbdir: string;
  /** undefined: the embedded store, in `dbdir`. */
  readonly sharedStore: SharedStoreSettings | undefined;
  readonly privacy: boolean;
  readonly lookupByHost: boolean;
  /** The lengths of networks; with --lookup-by-host those of whole addresses. */
  readonly networkLengths: NetworkLengths;
  readonly rules: GreylistRules & Limits;
  /** Look for windows now and then: a recipient's profile makes use of them. */
  readonly hasProfiles: boolean;
  /** How long to wait while another process locks the database, in milliseconds. */
  readonly busyTimeoutMs: number;
  readonly pace: CleaningPace;
}

/** The settings and what the threads share. */
export interface ThreadData extends ThreadSettings {
  /** One number of 32 bits: 1 as soon as the thread is to end, and to wait for no lock. */
  readonly ending: SharedArrayBuffer;
}

/** Some visits, see `packVisits`. */
export type PackedVisits = readonly (string | number)[];

/** Visits to be decided together; an empty batch checks the store. */
export interface VisitBatch {
  readonly batch: number;
  readonly visits: PackedVisits;
}

/** Counts of decisions to be saved, see `Store.addDecisions`. */
export interface DecisionBatch {
  readonly batch: number;
  readonly decisions: readonly DecisionCount[];
  readonly forgetBefore: UnixSeconds;
}

/** Visits, counts, a request for the figures, or the order to end. */
export type ToThread = VisitBatch | DecisionBatch | { readonly figures: true } | { readonly end: true };

/** The thread's figures of its store; empty for a shared one, which counts and deletes by itself. */
export interface StoreFigures {
  /** undefined: the counts cannot be read now. */
  readonly records: RecordCounts | undefined;
  readonly cleaned: Readonly<Record<Key['kind'], Cleaned>> | undefined;
}

export type VisitOutcome = Verdict | { readonly error: string };

/** The log levels that the thread uses. */
export type ThreadLogLevel = keyof Pick<Log, 'notice' | 'warn' | 'error'>;

/**
 * The results of a batch, one for each visit, in order; or why it has failed; or figures; or a line for the
 * log.
 */
export type FromThread =
  | { readonly batch: number; readonly outcomes: readonly VisitOutcome[] }
  | { readonly batch: number; readonly error: string }
  | { readonly figures: StoreFigures }
  | { readonly log: ThreadLogLevel; readonly text: string };

/** A submission has no triplet: this stands in place of its network. */
const SUBMISSION = '>';

/** The terms of most visits: postgrey's. */
const NO_TERMS = '';

const PARTS = 6;

export function packVisits(visits: readonly (Visit | Submission)[]): PackedVisits {
  const packed: (string | number)[] = [];
  for (const visit of visits) {
    if ('user' in visit) {
      packed.push(SUBMISSION, visit.user, visit.correspondent, '', visit.now, NO_TERMS);
      continue;
    }
    const { triplet, client, now, terms } = visit;
    const packedTerms = terms === undefined ? NO_TERMS : packTerms(terms);
    packed.push(
      triplet.clientNetwork,
      triplet.sender,
      triplet.recipient,
      client.clientAddress,
      now,
      packedTerms,
    );
  }
  return packed;
}

export function unpackVisits(packed: PackedVisits): (Visit | Submission)[] {
  const visits: (Visit | Submission)[] = [];
  const text = (at: number) => packed[at] as string;
  for (let at = 0; at < packed.length; at += PARTS) {
    const [network, sender, recipient, terms] = [text(at), text(at + 1), text(at + 2), text(at + 5)];
    const now = packed[at + 4] as number;
    if (network === SUBMISSION) {
      visits.push({ user: sender, correspondent: recipient, now });
      continue;
    }
    visits.push({
      triplet: { kind: 'triplet', clientNetwork: network, sender, recipient },
      client: { kind: 'client', clientAddress: text(at + 3) },
      now,
      terms: terms === NO_TERMS ? undefined : unpackTerms(terms),
    });
  }
  return visits;
}

/** Terms in one text, which takes half the time of JSON. No value of a request holds a line feed. */
function packTerms({
  profile,
  delay,
  isSuspect,
  isAlwaysGreylisted,
  pool,
  farm,
  sender,
  maskedSender,
}: Terms): string {
  const flags = (isSuspect ? 's' : '') + (isAlwaysGreylisted ? 'g' : '');
  return [profile, delay, flags, pool, farm, sender, maskedSender].join('\n');
}

function unpackTerms(text: string): Terms {
  const [profile, delay, flags = '', pool, farm, sender = '', maskedSender = ''] = text.split('\n');
  return {
    profile: profile as Profile,
    delay: delay ? Number(delay) : undefined,
    isSuspect: flags.includes('s'),
    isAlwaysGreylisted: flags.includes('g'),
    pool: pool || undefined,
    farm: farm || undefined,
    sender,
    maskedSender,
  };
}
