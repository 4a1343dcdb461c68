/**
 * A service of the machine, whatever starts services there: systemd or the init scripts of SysV.
 *
 * What it was when it was found is kept, so that it can be made so again.
 */

/** What is started and stopped together. */
export interface Service {
  /** Whether it was running, or about to, when it was found. */
  readonly wasActive: boolean;
  /** Whether it was started at boot. */
  readonly wasEnabled: boolean;
  /**
   * Starts it, and waits until it serves.
   * @param signal when it is aborted, nobody waits any longer
   * @throws (rejects) with the reason
   */
  readonly start: (signal: AbortSignal) => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Has it started at boot from now on, or not. */
  readonly setEnabled: (isEnabled: boolean) => Promise<void>;
  /** Has it running or not as it was, ... */
  readonly restoreActivity: () => Promise<void>;
  /** ... and started at boot or not as it was. */
  readonly restoreEnablement: () => Promise<void>;
}

/** What starts services on this machine. */
export interface ServiceManager {
  /** Whether it opens sockets for them. */
  readonly hasSocketUnits: boolean;
  /** @returns undefined if it knows no such service */
  readonly find: (name: string) => Promise<Service | undefined>;
  /** How an administrator looks at the log of a service. */
  readonly logCommand: (name: string) => string;
}
