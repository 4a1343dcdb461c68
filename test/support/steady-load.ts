/**
 * Requests at a constant rate, over connections that stay open, as the smtpd processes of a busy Postfix
 * send them. Each looks at its connection before it sends, and opens another if this one was closed
 * (attr_clnt of Postfix). What counts as failed: a request that was sent and got no answer.
 *
 * The rate does not wait for answers (an open loop): a request that is due while its connection is busy is
 * sent late, and its latency counts from when it was due.
 */
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { PolicyClient } from './policy-client.ts';
import { WakeUp } from './wake-up.ts';

export interface LoadSettings {
  readonly port: number;
  /** All connections together. */
  readonly requestsPerSecond: number;
  readonly connections: number;
}

/**
 * Milliseconds from an answer to the next request of the same process, at least: Postfix has to tell its own
 * client, who takes its time. Known limit of the protocol, for clients that are faster: the end of a
 * connection reaches them a moment after the answer; Postfix would try again after a second.
 */
const ROUND_TRIP_MS = 20;
/** Milliseconds after which a refused connection is tried again. */
const RETRY_MS = 20;

export class SteadyLoad {
  /** The action for each sender that was asked about; undefined: sent, and not answered. */
  readonly actions: [sender: string, action: string | undefined][] = [];
  /** Durations of the answered requests, in milliseconds. */
  readonly latencies: number[] = [];
  /**
   * Connections that were refused; or ended before their first answer, as those do that come in the very
   * moment in which a listening socket is closed. Their requests are sent again.
   */
  refused = 0;
  /** Connections that were closed between two requests, and opened again. */
  reopened = 0;
  readonly #settings: LoadSettings;
  readonly #begin = performance.now();
  readonly #answered = new WakeUp();
  readonly #ended: Promise<unknown>;
  #isOver = false;

  constructor(settings: LoadSettings) {
    this.#settings = settings;
    const numbers = Array.from({ length: settings.connections }, (_, number) => number);
    this.#ended = Promise.all(numbers.map((number) => this.#smtpd(number)));
  }

  /** Waits until so many more requests are answered. */
  async progress(requests: number): Promise<void> {
    const goal = this.latencies.length + requests;
    while (this.latencies.length < goal) await this.#answered.wait();
  }

  /** Sends no more requests, and waits for the answers to the others. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  /** The latency that a part of all answered requests (0 to 1) kept, in milliseconds. */
  latency(part: number): number {
    const ascending = this.latencies.toSorted((a, b) => a - b);
    return ascending[Math.ceil(ascending.length * part) - 1] ?? Number.NaN;
  }

  /** One of the processes: every second of its triplets is new, the others are all the same. */
  async #smtpd(number: number): Promise<void> {
    const { requestsPerSecond, connections } = this.#settings;
    let client = await this.#connect();
    let isNew = true;
    for (let count = 0; ; count += 1) {
      const request = count * connections + number;
      const due = this.#begin + (request * 1000) / requestsPerSecond;
      await pause(Math.max(ROUND_TRIP_MS, due - performance.now()));
      // Read what has arrived before sending, as a system call does.
      await turn();
      if (this.#isOver) break;
      if (client.socket.readableEnded || client.socket.closed) {
        client.close();
        client = await this.#connect();
        isNew = true;
        this.reopened += 1;
      }
      const sender = `${count % 2 === 0 ? `new-${request}x` : 'known'}@example.net`;
      let action = await ask(client, sender);
      while (action === undefined && isNew) {
        this.refused += 1;
        client = await this.#connect();
        action = await ask(client, sender);
      }
      isNew = false;
      this.actions.push([sender, action]);
      if (action === undefined) continue;
      this.latencies.push(performance.now() - due);
      this.#answered.now();
    }
    client.close();
  }

  async #connect(): Promise<PolicyClient> {
    for (;;) {
      try {
        return await PolicyClient.connect({ host: '127.0.0.1', port: this.#settings.port });
      } catch {
        this.refused += 1;
        await pause(RETRY_MS);
      }
    }
  }
}

function ask(client: PolicyClient, sender: string): Promise<string | undefined> {
  return client.ask({ sender }).catch(() => undefined);
}
