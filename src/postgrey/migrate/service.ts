/**
 * A service of the machine, under systemd or the init scripts of SysV.
 *
 * Its state when it was found is kept, for a rollback.
 */

/** Units that are started and stopped together. */
export interface Service {
  /** The service was running, or about to, when it was found. */
  readonly wasActive: boolean;
  /** The service was started at boot. */
  readonly wasEnabled: boolean;
  /**
   * Starts the service, and waits until it serves.
   * @param signal ends the wait when aborted
   * @throws (rejects) with the reason
   */
  readonly start: (signal: AbortSignal) => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Has the service started at boot from now on, or not. */
  readonly setEnabled: (isEnabled: boolean) => Promise<void>;
  /** Starts or stops the service, as it was found. */
  readonly restoreActivity: () => Promise<void>;
  /** Has the service started at boot or not, as it was found. */
  readonly restoreEnablement: () => Promise<void>;
}

/** The program that starts services on this machine. */
export interface ServiceManager {
  /** The service manager opens sockets for services. */
  readonly hasSocketUnits: boolean;
  /** @returns undefined if there is no such service */
  readonly find: (name: string) => Promise<Service | undefined>;
  /** Returns the command that shows the log of a service. */
  readonly logCommand: (name: string) => string;
}
