/**
 * The real clocks, which only the mains pass on.
 */
import type { Clock } from '../time/clock.ts';

export const systemClock: Clock = {
  now: () => Math.floor(Date.now() / 1000),
  uptime: () => performance.now(),
};
