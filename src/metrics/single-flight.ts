/**
 * Callers at the same time share one run and its result; the next run begins after a pause, however often
 * it is asked for.
 */
import { setTimeout as pause } from 'node:timers/promises';

/** @param pauseMs from the end of one run to the beginning of the next, in milliseconds */
export function singleFlight<Outcome>(run: () => Promise<Outcome>, pauseMs = 0): () => Promise<Outcome> {
  let underWay: Promise<Outcome> | undefined;
  let rested: Promise<void> | undefined;
  return () => {
    underWay ??= (rested === undefined ? run() : rested.then(run)).finally(() => {
      underWay = undefined;
      if (pauseMs > 0) rested = pause(pauseMs, undefined, { ref: false });
    });
    return underWay;
  };
}
