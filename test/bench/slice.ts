/**
 * One slice of load on one program, over connections that stay open, as the smtpd processes of Postfix keep
 * theirs, each with one request at a time.
 *
 *   closed loop  each sends its next request when it has the answer: how many can be served
 *   open loop    requests are due at a constant rate, whether or not others are answered; latency counts
 *                from the moment at which a request was due, so that nobody's standstill is hidden
 *
 * Known limit: in the open loop requests are sent by a timer, up to a millisecond late; that is part of
 * the latency, for all programs alike.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kind, type Mixture, type Start, Traffic } from './traffic.ts';

export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  /** See Traffic. */
  readonly mixture: Mixture;
  readonly triplets: number;
  readonly start: Start;
  /** Time that does not count, before; it may be ended by the message `count`. */
  readonly warmUpSeconds: number;
  /** For how long it counts; it may be ended by the message `stop`. */
  readonly seconds: number;
  /** All connections together; undefined: a closed loop. */
  readonly requestsPerSecond: number | undefined;
  /** Whether new mails must be deferred, and all others not. */
  readonly checksAnswers: boolean;
}

export interface LoadResult {
  /** Answers that came while it counted, and for how long that was. */
  readonly answers: number;
  readonly seconds: number;
  /** Of the requests that were due while it counted, in milliseconds, whenever their answers came. */
  readonly latency: Readonly<Record<'p50' | 'p90' | 'p99' | 'p999' | 'worst', number>>;
  /** Answers that were not those that the kind of the mail must have, and connections that failed. */
  readonly wrong: Readonly<Record<string, number>>;
  /** Mails that were asked about, those of the warm-up among them. */
  readonly asked: Readonly<Record<Kind, number>>;
}

const END_OF_ANSWER = '\n\n';
/** How long after the last request an answer may still come. */
const PATIENCE_MS = 120_000;

export class Slice {
  readonly #order: LoadOrder;
  readonly #traffic: Traffic;
  readonly #idle: Client[] = [];
  /** Moments at which requests were due for which no connection was idle. */
  readonly #overdue: number[] = [];
  readonly #latencies: number[] = [];
  #answers = 0;
  readonly #wrong: Record<string, number> = {};
  #countsFrom = Number.POSITIVE_INFINITY;
  #countsUntil = Number.POSITIVE_INFINITY;
  /** No more requests become due. */
  #isOver = false;
  #hasEnded = false;

  constructor(order: LoadOrder) {
    this.#order = order;
    this.#traffic = new Traffic(order.mixture, order.triplets, order.start);
  }

  /**
   * @param begun ends the warm-up before its time
   * @param stopped ends all of it
   * @throws (rejects) if nobody listens
   */
  async run(begun: Promise<unknown>, stopped: Promise<unknown>): Promise<LoadResult> {
    const { connections, warmUpSeconds, seconds, requestsPerSecond } = this.#order;
    const clients: Client[] = [];
    for (let count = 0; count < connections; count += 1) clients.push(await this.#connect());

    const pacer = requestsPerSecond === undefined ? undefined : this.#pace(requestsPerSecond);
    if (pacer === undefined) for (const client of clients) this.#send(client, performance.now());
    else this.#idle.push(...clients);
    await Promise.race([pause(warmUpSeconds * 1000), begun]);
    this.#countsFrom = performance.now();
    await Promise.race([pause(seconds * 1000), stopped]);
    this.#countsUntil = performance.now();
    this.#isOver = true;
    clearInterval(pacer);
    await this.#rest(clients);
    this.#hasEnded = true;
    for (const { socket } of clients) socket.destroy();
    return this.#result();
  }

  /** Waits for the answers to what was sent. */
  async #rest(clients: readonly Client[]): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    const open = () =>
      this.#overdue.length +
      clients.filter(({ due, socket }) => due !== undefined && !socket.destroyed).length;
    while (open() > 0 && performance.now() < deadline) await pause(5);
    if (open() > 0) this.#noteWrong('no answer', open());
  }

  async #connect(): Promise<Client> {
    const socket = connect({ host: '127.0.0.1', port: this.#order.port, noDelay: true });
    await once(socket, 'connect');
    const client: Client = { socket, kind: 'new', due: undefined, received: '' };
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#receive(client, text));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!this.#hasEnded) this.#noteWrong('connection closed');
    });
    return client;
  }

  #send(client: Client, due: number): void {
    const { kind, request } = this.#traffic.next();
    client.kind = kind;
    client.due = due;
    client.socket.write(request, 'latin1');
  }

  #receive(client: Client, text: string): void {
    client.received += text;
    if (!client.received.endsWith(END_OF_ANSWER)) return;
    const answer = client.received;
    client.received = '';
    if (client.due === undefined) {
      this.#noteWrong('an answer to nothing');
      return;
    }
    const now = performance.now();
    const { due } = client;
    client.due = undefined;
    if (this.#order.checksAnswers) this.#check(client.kind, answer);
    const counts = (time: number) => time >= this.#countsFrom && time < this.#countsUntil;
    if (counts(now)) this.#answers += 1;
    if (counts(due)) this.#latencies.push(now - due);
    this.#goOn(client, now);
  }

  #check(kind: Kind, answer: string): void {
    const isDeferred = /^action=DEFER/i.test(answer);
    if (isDeferred !== (kind === 'new')) this.#noteWrong(`${kind}: ${answer.slice(0, 20).trim()}`);
  }

  #goOn(client: Client, now: number): void {
    const isClosedLoop = this.#order.requestsPerSecond === undefined;
    const due = isClosedLoop && !this.#isOver ? now : this.#overdue.shift();
    if (due === undefined) this.#idle.push(client);
    else this.#send(client, due);
  }

  #pace(requestsPerSecond: number): NodeJS.Timeout {
    const begin = performance.now();
    let sent = 0;
    return setInterval(() => {
      for (;;) {
        const due = begin + (sent * 1000) / requestsPerSecond;
        if (due > performance.now()) return;
        sent += 1;
        const client = this.#idle.shift();
        if (client === undefined) this.#overdue.push(due);
        else this.#send(client, due);
      }
    }, 1);
  }

  #noteWrong(what: string, count = 1): void {
    this.#wrong[what] = (this.#wrong[what] ?? 0) + count;
  }

  #result(): LoadResult {
    const ascending = Float64Array.from(this.#latencies).sort();
    const at = (part: number) => ascending[Math.ceil(ascending.length * part) - 1] ?? Number.NaN;
    return {
      answers: this.#answers,
      seconds: (this.#countsUntil - this.#countsFrom) / 1000,
      latency: { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), worst: at(1) },
      wrong: this.#wrong,
      asked: this.#traffic.counts,
    };
  }
}

/** One connection. */
interface Client {
  readonly socket: Socket;
  /** Of the mail that was last asked about. */
  kind: Kind;
  /** When the request was due that is not answered yet, in milliseconds. */
  due: number | undefined;
  received: string;
}
