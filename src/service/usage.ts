/**
 * What the system counts of this process.
 */
export interface ProcessUsage {
  /** Unix seconds. */
  readonly startedAt: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return {
    startedAt: performance.timeOrigin / 1000,
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
  };
}
