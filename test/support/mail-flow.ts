/**
 * New mails on several connections, one after the other on each, while something is done to the
 * daemon's database; and the account of how each was answered. Every deferred mail must be
 * found in the database, with a first visit no later than its answer.
 */
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Daemon } from './daemon.ts';
import type { Attributes } from './policy-client.ts';
import { WakeUp } from './wake-up.ts';

const CONNECTIONS = 8;
/** Between an answer and the next mail on a connection, in milliseconds: a busy server, not a flood. */
const PAUSE_MS = 2;
/** Interval at which the machine is watched, in milliseconds. */
const TIMER_MS = 5;

export class MailFlow {
  /** Senders whose mail was deferred, and when, in Unix seconds. */
  readonly deferred = new Map<string, number>();
  /** Mails that passed. */
  passed = 0;
  /** The longest wait for an answer, in milliseconds, see `restart`. */
  #slowestMs = 0;
  /** The longest time by which a timer of this process was late meanwhile: the machine was busy with something else. */
  #lateMs = 0;
  readonly #answered = new WakeUp();
  readonly #ended: Promise<unknown>;
  readonly #attributes: (mail: number) => Attributes;
  #isOver = false;
  #mails = 0;

  /** @param attributes what is asked about each mail; its sender is a new one if they name none */
  constructor(
    daemon: Daemon,
    connections = CONNECTIONS,
    attributes: (mail: number) => Attributes = () => ({}),
  ) {
    this.#attributes = attributes;
    this.#ended = Promise.all([
      this.#watchTimers(),
      ...Array.from({ length: connections }, () => this.#connection(daemon)),
    ]);
  }

  /** The longest wait for an answer, in milliseconds, less the time for which the machine stood still for this process. */
  get slowestMs(): number {
    return this.#slowestMs - this.#lateMs;
  }

  /** Forgets how long answers have taken. */
  restart(): void {
    this.#slowestMs = 0;
    this.#lateMs = 0;
  }

  /** Waits until this many more mails were deferred. */
  async moreDeferred(count: number): Promise<void> {
    const goal = this.deferred.size + count;
    while (this.deferred.size < goal) await this.#answered.wait();
  }

  /** Waits until so many more mails passed. */
  async morePassed(count: number): Promise<void> {
    const goal = this.passed + count;
    while (this.passed < goal) await this.#answered.wait();
  }

  /** Waits for the answers that are under way. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  async #connection(daemon: Daemon): Promise<void> {
    const client = await daemon.connect();
    while (!this.#isOver) {
      this.#mails += 1;
      const attributes = { sender: `s${this.#mails}@example.net`, ...this.#attributes(this.#mails) };
      const begin = performance.now();
      const action = await client.ask(attributes);
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - begin);
      if (action === 'DUNNO') this.passed += 1;
      else if (action.startsWith('DEFER_IF_PERMIT ')) this.deferred.set(attributes.sender, Date.now() / 1000);
      else throw new Error(`an answer of no sense: ${action}`);
      this.#answered.now();
      await pause(PAUSE_MS);
    }
    client.close();
  }

  async #watchTimers(): Promise<void> {
    while (!this.#isOver) {
      const begin = performance.now();
      await pause(TIMER_MS);
      this.#lateMs = Math.max(this.#lateMs, performance.now() - begin - TIMER_MS);
    }
  }
}

/** The senders of `deferred` that are in none of the databases, or came too late there. */
export function forgotten(deferred: ReadonlyMap<string, number>, ...paths: readonly string[]): string[] {
  return notIn(new Map(paths.flatMap(triplets)), deferred);
}

/** The senders of `deferred` that have no first visit, or a later one. */
export function notIn(
  firstSeen: ReadonlyMap<string, number>,
  deferred: ReadonlyMap<string, number>,
): string[] {
  return [...deferred]
    .filter(([sender, answered]) => (firstSeen.get(sender) ?? Number.POSITIVE_INFINITY) > answered)
    .map(([sender]) => sender);
}

function triplets(path: string): [sender: string, firstSeen: number][] {
  const file = new Database(path);
  try {
    return file.prepare<[], [string, number]>('SELECT sender, first_seen FROM triplets').raw().all();
  } finally {
    file.close();
  }
}
