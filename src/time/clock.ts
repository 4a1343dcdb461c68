/**
 * The clocks of a process, and the units of what they say. A number can be either unit; what is known to be the one
 * cannot be passed as the other.
 */

declare const unit: unique symbol;

/** Seconds since 1970 (UTC), as records, the rule and logs have them. Administrators and NTP set this clock. */
export type UnixSeconds = number & { readonly [unit]?: 'seconds since 1970' };

/** Milliseconds: a duration, or a moment on the monotonic clock. */
export type Millis = number & { readonly [unit]?: 'milliseconds' };

export interface Clock {
  /** The time of day. */
  readonly now: () => UnixSeconds;
  /** The monotonic clock, for durations. */
  readonly uptime: () => Millis;
}
