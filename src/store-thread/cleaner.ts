/**
 * Deletes expired records in the background: a walk over all records once a day, in slices that
 * take about a millisecond, with pauses between them in which requests are answered. Expiry does
 * not depend on it (an expired record counts as absent); it keeps the store from growing.
 */
import { errorText } from '../errors/text.ts';
import type { Key } from '../greylist/keys.ts';
import type { Log } from '../log/logger.ts';
import type { ExpiryRule, Inventory, Slice } from '../store/store.ts';

type Cleanable = Pick<Inventory, 'clean'>;

import type { Clock } from '../time/clock.ts';

/** The pace of the cleaner, in milliseconds. */
export interface CleaningPace {
  /** From the start to the first walk. */
  readonly firstWalkMs: number;
  /** From the end of one walk to the next. */
  readonly intervalMs: number;
  /** From a walk that failed to the next. */
  readonly retryMs: number;
  /** Between two slices. */
  readonly slicePauseMs: number;
}

/** Starts some time after a restart, then once a day; a million records take about a minute and a half. */
export const CLEANING_PACE: CleaningPace = {
  firstWalkMs: 60_000,
  intervalMs: 24 * 3600_000,
  retryMs: 3600_000,
  slicePauseMs: 20,
};

/** The names that postgrey's log lines give to the databases of each kind of record. */
const DATABASE_NAMES = [
  ['triplet', 'main'],
  ['client', 'clients'],
] as const;

type CleanerLog = Pick<Log, 'notice' | 'warn'>;

/**
 * Walks repeatedly until `signal` aborts. A walk that fails is logged; the next one starts from the beginning,
 * and sooner.
 */
export async function runCleaner(
  store: Cleanable,
  expired: ExpiryRule,
  log: CleanerLog,
  pace: CleaningPace,
  signal: AbortSignal,
): Promise<void> {
  await pause(pace.firstWalkMs, signal);
  while (!signal.aborted) {
    let waitMs = pace.intervalMs;
    try {
      await walk(store, expired, log, pace, signal);
    } catch (error) {
      const reason = errorText(error);
      waitMs = pace.retryMs;
      const minutes = Math.round(waitMs / 60_000);
      log.warn(`cleaning up old entries failed, the next attempt is in ${minutes} minutes: ${reason}`);
    }
    await pause(waitMs, signal);
  }
}

async function walk(
  store: Cleanable,
  expired: ExpiryRule,
  log: CleanerLog,
  { slicePauseMs }: CleaningPace,
  signal: AbortSignal,
): Promise<void> {
  log.notice('cleaning up old entries...');
  for (const [kind, database] of DATABASE_NAMES) {
    let before = 0;
    let after = 0;
    for await (const { examined, deleted } of store.clean(kind, expired)) {
      before += examined;
      after += examined - deleted;
      await pause(slicePauseMs, signal);
      if (signal.aborted) return;
    }
    log.notice(`cleaning ${database} database finished. before: ${before}, after: ${after}`);
  }
}

/** Settles after `ms` or at once when `signal` aborts; keeps no process alive. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, ms);
    timer.unref();
    signal.addEventListener('abort', finish, { once: true });
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    }
    if (signal.aborted) finish();
  });
}

/** Progress over the records of one kind. */
export interface Cleaned {
  readonly examined: number;
  readonly deleted: number;
  /** When the last full walk ended, in Unix seconds; undefined: none has ended yet. */
  readonly lastEnd: number | undefined;
}

/** Counts what the cleaner has done since the start of its thread: a wrapper around the store that it walks over. */
export class CleaningProgress implements Cleanable {
  readonly #store: Cleanable;
  readonly #now: Clock['now'];
  readonly #cleaned: Record<Key['kind'], Cleaned> = { triplet: NOTHING_CLEANED, client: NOTHING_CLEANED };

  /** @param now Unix seconds */
  constructor(store: Cleanable, now: Clock['now']) {
    this.#store = store;
    this.#now = now;
  }

  async *clean(kind: Key['kind'], expired: ExpiryRule): AsyncGenerator<Slice, void> {
    for await (const slice of this.#store.clean(kind, expired)) {
      const { examined, deleted, lastEnd } = this.#cleaned[kind];
      this.#cleaned[kind] = {
        examined: examined + slice.examined,
        deleted: deleted + slice.deleted,
        lastEnd,
      };
      yield slice;
    }
    this.#cleaned[kind] = { ...this.#cleaned[kind], lastEnd: this.#now() };
  }

  get cleaned(): Readonly<Record<Key['kind'], Cleaned>> {
    return this.#cleaned;
  }
}

const NOTHING_CLEANED: Cleaned = { examined: 0, deleted: 0, lastEnd: undefined };
