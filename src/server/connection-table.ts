/**
 * All connections, and the bound on how many there are.
 *
 * Beyond the bound a new connection takes the place of the one that was answered longest ago (or, if
 * never, came longest ago) and is not being answered now. Postfix opens an idle connection that was
 * closed again, silently, while to turn new ones away would lock it out for as long as anybody
 * holds the others. If all are being answered, MAX_WAITING new ones wait, unread, for the next
 * answer; only beyond that are they closed.
 *
 * Known limit: a connection is closed although a request is on its way if that request arrives in the
 * very turn of the event loop in which the place is needed. Postfix then connects again and repeats it.
 */
import type { Socket } from 'node:net';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { Connection, type ConnectionSettings } from './connection.ts';
import { Spell } from './spell.ts';

/** New connections that wait, accepted and unread, while all others are being answered. */
export const MAX_WAITING = 32;

export interface TableSettings extends Omit<ConnectionSettings, 'onUnfinished'> {
  /** Takes a line about something wrong with the connections themselves. */
  readonly warn: (text: string) => void;
  /** How long a client may take to finish a request and to take an answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** What may happen to many connections at once. */
interface Spells {
  readonly full: Spell;
  readonly overdue: Spell;
  readonly unfinished: Spell;
}

export class ConnectionTable {
  readonly #max: number;
  readonly #all = new Set<Connection>();
  /** Those that are not being answered; the one whose last answer lies longest back is the first. */
  readonly #idle = new Set<Connection>();
  /** Accepted and unread. */
  #waiting: Socket[] = [];
  #serving: { settings: TableSettings & ConnectionSettings; spells: Spells } | undefined;
  /** As long as greyd lives; then each connection has one more answer; at last only what has arrived. */
  #stage: 'open' | 'leaving' | 'finishing' = 'open';
  #onEmpty: () => void = () => {};

  /** @param max connections at a time */
  constructor(max: number) {
    this.#max = max;
  }

  /** Connections that are read from. */
  get size(): number {
    return this.#all.size;
  }

  /** Connections since the start, those that are closed among them. */
  accepted = 0;

  /** Begins to read from connections; until then as many wait as there may be. */
  serve(settings: TableSettings): void {
    const { warn, timeoutMs, uptime } = settings;
    const full = new Spell(
      `${this.#max} connections, as many as there may be (--max-connections, limit of open files): ` +
        'each new one takes the place of the one that was answered longest ago',
      (count) => `room for new connections again: ${count} were closed to make room`,
      warn,
    );
    const overdue = new Spell(
      `closing connections that do not finish a request or take an answer within ${timeoutMs / 1000} seconds`,
      (count) =>
        `clients finish their requests and take their answers again: ${count} connections were closed`,
      warn,
    );
    const unfinished = new Spell(
      'connection closed in the middle of a request, after ',
      (count) => `connections are closed between requests again: ${count} were closed in the middle of one`,
      warn,
    );
    const onUnfinished = (bytes: number) => unfinished.note(uptime(), `${bytes} bytes`);
    this.#serving = { settings: { ...settings, onUnfinished }, spells: { full, overdue, unfinished } };
    this.#fill();
  }

  /** Takes a new connection, which is not read from yet. */
  add(socket: Socket): void {
    this.accepted += 1;
    this.#waiting.push(socket);
    this.#fill();
    if (this.#waiting.length === 0) return;
    if (this.#waiting.length > (this.#serving === undefined ? this.#max : MAX_WAITING)) {
      this.#waiting.pop()?.destroy();
      this.#noteFull();
    } else {
      // First what has arrived with it is read from the others: who has asked is not idle.
      setImmediate(() => this.#makeRoom());
    }
  }

  /** Closes what has kept greyd waiting for too long. Called now and then. */
  sweep(): void {
    if (this.#serving === undefined) return;
    const { settings, spells } = this.#serving;
    const now = settings.uptime();
    for (const connection of this.#all) {
      if (now - (connection.waitingSince ?? now) < settings.timeoutMs) continue;
      spells.overdue.note(now);
      connection.destroy();
    }
    for (const spell of Object.values(spells)) spell.look(now);
  }

  /** Closes each behind its next answer, and settles when there is none left. */
  async leave(): Promise<void> {
    this.#stage = 'leaving';
    for (const connection of this.#all) connection.leave();
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      this.#noteEmpty();
    });
  }

  /** Answers what has arrived whole, then closes. */
  finish(): void {
    this.#stage = 'finishing';
    for (const connection of [...this.#all]) connection.finish();
  }

  /** Closes all at once. */
  destroy(): void {
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting = [];
    for (const connection of this.#all) connection.destroy();
  }

  /** Lets in who waits, as far as there is room. */
  #fill(): void {
    if (this.#serving === undefined) return;
    while (this.#all.size < this.#max) {
      const socket = this.#waiting.shift();
      if (socket === undefined) return;
      this.#admit(socket, this.#serving.settings);
    }
  }

  /** Lets in who waits, in the place of others where there is no room. */
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

  #admit(socket: Socket, settings: ConnectionSettings): void {
    const connection = new Connection(socket, settings, (isAnswering) => {
      this.#idle.delete(connection);
      if (!isAnswering) this.#noteIdle(connection);
    });
    this.#all.add(connection);
    socket.on('close', () => {
      this.#remove(connection);
      this.#fill();
      this.#noteEmpty();
    });
    if (this.#stage === 'leaving') connection.leave();
    void this.#noteRead(connection);
  }

  /** A new connection is idle, or done with at the end, only when what has come with it was read. */
  async #noteRead(connection: Connection): Promise<void> {
    // One turn of the event loop begins to read, the next one has it.
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
    this.#serving?.spells.full.note(this.#serving.settings.uptime());
  }
}
