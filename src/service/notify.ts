/**
 * Messages to the service manager (sd_notify(3)), as datagrams to the socket in NOTIFY_SOCKET:
 *
 *   READY=1      greyd serves         WATCHDOG=1   it is still alive (sd_watchdog_enabled(3))
 *   STOPPING=1   it is stopping
 *
 * Node.js has no datagram sockets of this family, so systemd-notify(1) sends them: one process per
 * message, one after the other. It is a child of greyd, hence NotifyAccess=all in the unit, and ends
 * only when the manager has read its message: the manager cannot find the service of a sender that is gone.
 *
 * Without NOTIFY_SOCKET nothing happens. If a message cannot be sent greyd logs that once and goes
 * on; a manager that waits for it may then end greyd, which is for the manager to decide.
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { OnceLog } from '../errors/once-log.ts';

/**
 * Pings in the time after which the manager takes greyd for hung. The manual says two; with three, one
 * of them may fail (no memory for another process, say) without harm.
 */
const PINGS_PER_PERIOD = 3;

/** Milliseconds; systemd-notify(1) itself waits 5 seconds for the manager. */
const SEND_LIMIT_MS = 8000;

type Message = 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1';

export class ServiceNotifier {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #pid: number;
  readonly #failing: OnceLog;
  #pings: NodeJS.Timeout | undefined;
  #sent = Promise.resolve();
  /** The number of messages that are not sent yet. */
  #waiting = 0;

  /**
   * @param pid of this process: a watchdog can be meant for another one
   * @param warn logs that the manager cannot be notified
   */
  constructor(environment: NodeJS.ProcessEnv, pid: number, warn: (text: string) => void) {
    this.#environment = environment;
    this.#pid = pid;
    this.#failing = new OnceLog({ begin: 'cannot send to the service manager: ' }, warn);
  }

  /** greyd serves; from now on its main loop shows that it is alive, if the manager watches it. */
  ready(): void {
    this.#send('READY=1');
    const period = watchdogPeriod(this.#environment, this.#pid);
    if (period === undefined) return;
    // A manager that does not read gets no further pings.
    const ping = () => this.#waiting === 0 && this.#send('WATCHDOG=1');
    this.#pings = setInterval(ping, period / PINGS_PER_PERIOD);
  }

  stopping(): void {
    clearInterval(this.#pings);
    this.#send('STOPPING=1');
  }

  /** Settles when all messages are sent, or have failed. */
  get told(): Promise<void> {
    return this.#sent;
  }

  #send(message: Message): void {
    const { NOTIFY_SOCKET, PATH } = this.#environment;
    if (!NOTIFY_SOCKET) return;
    this.#waiting += 1;
    this.#sent = this.#sent
      .then(() => systemdNotify(message, { NOTIFY_SOCKET, PATH }))
      .catch((error: NodeJS.ErrnoException & { stderr?: string }) => {
        const reason = error.stderr?.trim() || error.message;
        this.#failing.note(`${message}: ${reason}`);
      })
      .finally(() => {
        this.#waiting -= 1;
      });
  }
}

/** @throws (rejects) */
async function systemdNotify(message: Message, env: NodeJS.ProcessEnv): Promise<void> {
  await promisify(execFile)('systemd-notify', [message], { env, timeout: SEND_LIMIT_MS });
}

/**
 * Returns the milliseconds after which the manager takes this process for hung; undefined if it does not watch.
 */
function watchdogPeriod({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv, pid: number): number | undefined {
  const isMeant = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid);
  return isMeant && /^[1-9]\d{0,14}$/.test(WATCHDOG_USEC ?? '') ? Number(WATCHDOG_USEC) / 1000 : undefined;
}
