/**
 * What passes between the daemon's main thread and its store thread.
 */
import type { GreylistRules } from '../greylist/decision.ts';
import type { Limits } from '../greylist/limits.ts';
import type { Log } from '../log/logger.ts';
import type { CleaningPace } from './cleaner.ts';
import type { Judgement, Visit } from './greylister.ts';

/** What the store thread is started with. */
export interface ThreadSettings {
  readonly dbdir: string;
  readonly privacy: boolean;
  readonly lookupByHost: boolean;
  readonly rules: GreylistRules & Limits;
  /** How long to wait while another process locks the database, in milliseconds. */
  readonly busyTimeoutMs: number;
  readonly pace: CleaningPace;
}

/** To judge a visit; or, without one, to see whether the store works. */
export interface Task {
  readonly visit: Visit | undefined;
}

/** Tasks of one turn of the event loop, to be done together; or the order to end. */
export type ToThread = { readonly batch: number; readonly tasks: readonly Task[] } | { readonly end: true };

export type Outcome =
  | { readonly judgement: Judgement }
  | { readonly works: true }
  | { readonly error: string };

/** The levels on which the thread has something to say. */
export type LogLevel = keyof Pick<Log, 'notice' | 'warn' | 'error'>;

/** The outcomes of a batch, in the order of its tasks; or a line for the log. */
export type FromThread =
  | { readonly batch: number; readonly outcomes: readonly Outcome[] }
  | { readonly log: LogLevel; readonly text: string };
