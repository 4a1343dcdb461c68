/**
 * How long each step of the end may take, in milliseconds. Together they stay below END_LIMIT_MS, so that the last lines
 * of the log are written in any case; postgrey's init script waits five seconds.
 */
export const STOP_BUDGETS = {
  /** Until all connections have their answers. */
  drain: 2400,
  /** Until the last counts of decisions are saved. */
  lastCounts: 400,
  /** Until the database is closed. */
  close: 1000,
  /** Until the service manager has read the last message. */
  notify: 400,
  /** Until the log reader has read the last lines. */
  lastLines: 500,
} as const;

/** Within the drain: how long a connection stays open for its next request. */
export const DRAIN_GRACE_MS = 500;
/** Within the drain: how long a request waits for the database, whatever --store-timeout says. */
export const GIVE_UP_AFTER_MS = 2000;

/** After this many milliseconds the process ends, whatever is still open. */
export const END_LIMIT_MS = 4800;
