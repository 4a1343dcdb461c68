/**
 * Greylisting with its store, as the daemon has it: the store thread, the circuit breaker before it, and the counts of
 * decisions that are saved beside it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { DecisionCounters } from '../decisions/counters.ts';
import { DecisionSaver } from '../decisions/saver.ts';
import type { Log } from '../log/logger.ts';
import type { RequestLog } from '../log/request-log.ts';
import { isPostgreyOnly, type Options } from '../options/daemon.ts';
import { rulesOf } from '../options/shared.ts';
import type { Lifetime } from '../service/lifetime.ts';
import { STOP_BUDGETS } from '../service/stop-budgets.ts';
import { CircuitBreaker } from '../store-thread/circuit-breaker.ts';
import { CLEANING_PACE } from '../store-thread/cleaner.ts';
import { GreylisterThread } from '../store-thread/thread.ts';
import type { Clock } from '../time/clock.ts';

/**
 * At the start, how long mail waits for the store to open, in milliseconds: longer than for an answer, since that takes
 * time on a busy machine. Clients that have connected already wait as long, and a Postfix with `timeout=10s` must not
 * give up.
 */
const OPEN_LIMIT_MS = 8000;

/** The share of --store-timeout for which another process may lock the database: then the error names the lock. */
const BUSY_SHARE = 0.8;

export interface GreylistingParts {
  readonly log: Log;
  readonly requestLog: RequestLog;
  readonly counters: DecisionCounters;
  readonly clock: Clock;
}

export interface OpenGreylisting {
  readonly thread: GreylisterThread;
  readonly breaker: CircuitBreaker;
}

/** Starts the store thread and waits for its store, which need not work: mail passes until it does. Never rejects. */
export async function openGreylisting(
  options: Options,
  lifetime: Lifetime,
  { log, requestLog, counters, clock }: GreylistingParts,
): Promise<OpenGreylisting> {
  const thread = startThread(options, log, clock.uptime);
  lifetime.onEnd(async (reason) => {
    log.notice(`${reason}: stopping after ${counters.summary()}`);
    const closed = thread.close().then(() => true);
    if (await Promise.race([closed, pause(STOP_BUDGETS.close, false)])) return;
    log.warn('database not responding; exiting without closing it (everything answered is on disk)');
    lifetime.killAtExit();
  });
  const breaker = new CircuitBreaker(
    thread,
    { timeoutMs: options.storeTimeout * 1000, maxWaiting: options.maxQueuedRequests },
    requestLog,
    clock.uptime,
  );
  // A store that fails is reported now, not with the first mail; greyd serves all the same.
  await breaker.open(OPEN_LIMIT_MS).catch(() => {});
  const saver = new DecisionSaver({
    take: (hour) => counters.takeUnsaved(hour),
    save: (counts, forgetBefore) => thread.addDecisions(counts, forgetBefore),
    storeWorks: () => breaker.works,
    warn: (text) => log.warn(text),
    now: clock.now,
    maxAge: options.maxAge,
  });
  lifetime.onEnd(() => Promise.race([saver.finish(), pause(STOP_BUDGETS.lastCounts)]));
  return { thread, breaker };
}

function startThread(options: Options, log: Log, uptime: Clock['uptime']): GreylisterThread {
  const { dbdir, privacy, lookupByHost, networkLengths, sharedStore, maxTriplets, maxNewPerClient } = options;
  const hasProfiles = !isPostgreyOnly(options);
  const rules = { ...rulesOf(options), maxTriplets, maxNewPerClient };
  const busyTimeoutMs = options.storeTimeout * 1000 * BUSY_SHARE;
  const settings = {
    dbdir,
    sharedStore,
    privacy,
    lookupByHost,
    networkLengths,
    rules,
    hasProfiles,
    busyTimeoutMs,
  };
  return new GreylisterThread({ ...settings, pace: CLEANING_PACE }, log, uptime);
}
