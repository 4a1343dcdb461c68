/**
 * All connections, and their maximum number.
 *
 * At the maximum a new connection replaces the one that was answered longest ago (or, if
 * never, came longest ago) and is not being answered now. Postfix silently reopens an idle connection that was
 * closed, while rejecting new ones would lock it out for as long as other clients
 * hold theirs. If all are being answered, MAX_WAITING new ones wait, unread, for the next
 * answer; further ones are closed.
 *
 * Known limit: a connection is closed although a request is on its way if that request arrives in the
 * same turn of the event loop in which the place is needed. Postfix then connects again and repeats it.
 */
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { OnceLog } from '../errors/once-log.ts';
import { type Arrival, Connection, type ConnectionSettings } from './connection.ts';

/** Maximum number of new connections that wait, accepted and unread, while all others are being answered. */
export const MAX_WAITING_CONNECTIONS = 32;

export interface TableSettings extends Omit<ConnectionSettings, 'onUnfinished'> {
  /** Logs a problem with the connections themselves. */
  readonly warn: (text: string) => void;
  /** Time limit for a client to finish a request and to read an answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** Events that may affect many connections at once. */
interface OnceLogs {
  readonly full: OnceLog;
  readonly overdue: OnceLog;
  readonly unfinished: OnceLog;
}

export class ConnectionTable {
  readonly #max: number;
  readonly #all = new Set<Connection>();
  /** Connections that are not being answered; the one answered longest ago is the first. */
  readonly #idle = new Set<Connection>();
  /** New connections, accepted and unread. */
  #waiting: Arrival[] = [];
  #serving: { settings: TableSettings & ConnectionSettings; onceLogs: OnceLogs } | undefined;
  /** Serving; then one more answer for each connection; at last only requests that have arrived. */
  #stage: 'open' | 'leaving' | 'finishing' = 'open';
  #onEmpty: () => void = () => {};

  /** @param max maximum number of connections */
  constructor(max: number) {
    this.#max = max;
  }

  /** The number of connections that are read from. */
  get size(): number {
    return this.#all.size;
  }

  /** The number of connections since the start, including closed ones. */
  accepted = 0;

  /** Begins to read from connections; until then up to the maximum wait. */
  serve(settings: TableSettings): void {
    const { warn, timeoutMs, uptime } = settings;
    const full = new OnceLog(
      {
        begin:
          `connection limit of ${this.#max} reached (--max-connections, limit of open files): ` +
          'each new connection replaces the one that has been idle longest',
        end: (count) => `connection limit no longer reached; ${closed(count)}`,
      },
      warn,
      uptime,
    );
    const overdue = new OnceLog(
      {
        begin: `closing connections that do not finish a request or read an answer within ${timeoutMs / 1000} s (--request-timeout)`,
        end: (count) => `no more request timeouts; ${closed(count)}`,
      },
      warn,
      uptime,
    );
    const unfinished = new OnceLog(
      {
        begin: 'client closed the connection in the middle of a request, after ',
        end: (count) => `no more connections closed in the middle of a request; ${closed(count)}`,
      },
      warn,
      uptime,
    );
    const onUnfinished = (bytes: number) => unfinished.note(`${bytes} bytes`);
    this.#serving = { settings: { ...settings, onUnfinished }, onceLogs: { full, overdue, unfinished } };
    this.#fill();
  }

  /** Takes a new connection, which is not read from yet. */
  add(arrival: Arrival): void {
    this.accepted += 1;
    this.#waiting.push(arrival);
    this.#fill();
    if (this.#waiting.length === 0) return;
    if (this.#waiting.length > (this.#serving === undefined ? this.#max : MAX_WAITING_CONNECTIONS)) {
      this.#waiting.pop()?.socket.destroy();
      this.#noteFull();
    } else {
      // Read first what has arrived on the others: a client that has sent a request is not idle.
      setImmediate(() => this.#makeRoom());
    }
  }

  /** Closes connections whose client has kept greyd waiting for too long. Called periodically. */
  sweep(): void {
    if (this.#serving === undefined) return;
    const { settings, onceLogs } = this.#serving;
    const now = settings.uptime();
    for (const connection of this.#all) {
      if (now - (connection.waitingSince ?? now) < settings.timeoutMs) continue;
      onceLogs.overdue.note();
      connection.destroy();
    }
    for (const onceLog of Object.values(onceLogs)) onceLog.look();
  }

  /** Closes each connection after its next answer, and settles when none is left. */
  async leave(): Promise<void> {
    this.#stage = 'leaving';
    for (const connection of this.#all) connection.leave();
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      this.#noteEmpty();
    });
  }

  /** Answers complete requests, then closes. */
  finish(): void {
    this.#stage = 'finishing';
    for (const connection of [...this.#all]) connection.finish();
  }

  /** Closes all at once. */
  destroy(): void {
    for (const { socket } of this.#waiting) socket.destroy();
    this.#waiting = [];
    for (const connection of this.#all) connection.destroy();
  }

  /** Admits waiting connections, as far as there is room. */
  #fill(): void {
    if (this.#serving === undefined) return;
    while (this.#all.size < this.#max) {
      const arrival = this.#waiting.shift();
      if (arrival === undefined) return;
      this.#admit(arrival, this.#serving.settings);
    }
  }

  /** Admits waiting connections, in place of idle ones where there is no room. */
  #makeRoom(): void {
    this.#fill();
    while (this.#serving !== undefined && this.#waiting.length > 0) {
      const [oldest] = this.#idle;
      if (oldest === undefined) return;
      this.#remove(oldest);
      oldest.destroy();
      this.#noteFull();
      this.#fill();
    }
  }

  #admit(arrival: Arrival, settings: ConnectionSettings): void {
    const connection = new Connection(arrival, settings, (isAnswering) => {
      this.#idle.delete(connection);
      if (!isAnswering) this.#noteIdle(connection);
    });
    this.#all.add(connection);
    arrival.socket.on('close', () => {
      this.#remove(connection);
      this.#fill();
      this.#noteEmpty();
    });
    if (this.#stage === 'leaving') connection.leave();
    void this.#noteRead(connection);
  }

  /** Marks a new connection as idle, or finished, only after the bytes that came with it were read. */
  async #noteRead(connection: Connection): Promise<void> {
    // The first turn of the event loop begins to read, the second one has the bytes.
    await eventLoopTurn();
    await eventLoopTurn();
    if (this.#stage === 'finishing') connection.finish();
    if (!connection.isAnswering) this.#noteIdle(connection);
  }

  #noteIdle(connection: Connection): void {
    if (!this.#all.has(connection)) return;
    this.#idle.add(connection);
    if (this.#waiting.length > 0) this.#makeRoom();
  }

  #noteEmpty(): void {
    if (this.#all.size + this.#waiting.length === 0) this.#onEmpty();
  }

  #remove(connection: Connection): void {
    this.#all.delete(connection);
    this.#idle.delete(connection);
  }

  #noteFull(): void {
    this.#serving?.onceLogs.full.note();
  }
}

function closed(count: number): string {
  return count === 1 ? '1 connection was closed' : `${count} connections were closed`;
}
