/**
 * One connection: a socket, its unread bytes, and the request that is being answered.
 *
 * Requests are answered strictly one after the other, in the order they came, so a pipelining
 * client costs no more memory than any other: what it sends ahead stays in its socket. greyd does not
 * read from a client that does not read its answers.
 */
import type { Socket } from 'node:net';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { encodeReply } from '../policy/action.ts';
import { AttributeReader, type RawRequest, type RequestBounds } from '../policy/attributes.ts';
import type { Clock } from '../time/clock.ts';

/**
 * Answers one request: the action, or undefined to close the connection. Never rejects.
 * `isOutgoing`: it came to a socket for outgoing mail.
 */
export type AnswerRequest = (request: RawRequest, isOutgoing?: boolean) => Promise<string | undefined>;

/** A connection that was accepted. */
export interface Arrival {
  readonly socket: Socket;
  /** On a socket for outgoing mail. */
  readonly isOutgoing: boolean;
}

export interface ConnectionSettings {
  readonly answer: AnswerRequest;
  /** Close after one answer, as Exim expects it. */
  readonly closeAfterAnswer: boolean;
  readonly requestBounds: RequestBounds;
  /** Milliseconds on the monotonic clock. */
  readonly uptime: Clock['uptime'];
  /** Called when the client closes in the middle of a request, with the number of its bytes so far. */
  readonly onUnfinished: (bytes: number) => void;
}

/** Unread bytes beyond which nothing more is read until requests are answered. */
const MAX_UNREAD_BYTES = 64 * 1024;

/** Maximum number of answers on one connection in one turn of the event loop. */
const ANSWERS_IN_A_TURN = 8;

export class Connection {
  readonly #socket: Socket;
  readonly #settings: ConnectionSettings;
  readonly #onAnswering: (isAnswering: boolean) => void;
  readonly #isOutgoing: boolean;
  readonly #reader: AttributeReader;
  #isAnswering = false;
  /** When the client began to keep greyd waiting, as far as noticed. */
  #waitingSince: number | undefined;
  /** No more requests will come: the client is done, or greyd is stopping. */
  #isFinishing = false;
  /** greyd is stopping, and the next answer is the last one. */
  #isLeaving = false;
  /** No more requests are to be answered. */
  #isClosing = false;

  /** @param onAnswering called before and after each answer */
  constructor(
    { socket, isOutgoing }: Arrival,
    settings: ConnectionSettings,
    onAnswering: (isAnswering: boolean) => void,
  ) {
    this.#socket = socket;
    this.#isOutgoing = isOutgoing;
    this.#settings = settings;
    this.#onAnswering = onAnswering;
    this.#reader = new AttributeReader(settings.requestBounds);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => void this.#answerAll());
    socket.on('end', () => this.finish());
    // ECONNRESET, EPIPE: the client is gone and 'close' follows. What has arrived is answered all the same.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!this.#isClosing) this.#reportUnfinished();
    });
    socket.resume();
  }

  get isAnswering(): boolean {
    return this.#isAnswering;
  }

  /**
   * When the client began to owe the rest of a request, or to leave an answer unread, in milliseconds;
   * undefined if greyd is not waiting for it. Trickling bytes do not reset it, a complete request does.
   */
  get waitingSince(): number | undefined {
    const isWaiting =
      !this.#isAnswering && (this.#reader.unfinishedBytes > 0 || this.#socket.writableLength > 0);
    if (isWaiting) this.#waitingSince ??= this.#settings.uptime();
    else this.#waitingSince = undefined;
    return this.#waitingSince;
  }

  /** Answers complete requests, then closes. */
  finish(): void {
    this.#isFinishing = true;
    void this.#answerAll();
  }

  /** Closes after the next answer: the client sends its next request to the process that listens then. */
  leave(): void {
    this.#isLeaving = true;
  }

  closed(): Promise<void> {
    return new Promise((resolve) => this.#socket.once('close', () => resolve()));
  }

  /** Closes at once. */
  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#isClosing) return;
    this.#reader.push(chunk);
    void this.#answerAll();
    if (this.#isAnswering && this.#reader.bufferedBytes > MAX_UNREAD_BYTES) this.#socket.pause();
  }

  /** Answers one request after the other until none is complete, or the client has to read first. */
  async #answerAll(): Promise<void> {
    if (this.#isAnswering) return;
    this.#isAnswering = true;
    let answered = 0;
    while (!this.#isClosing && !this.#socket.writableNeedDrain) {
      const request = this.#reader.next();
      if (request === undefined) {
        const isBetween = this.#reader.unfinishedBytes === 0;
        if (this.#isFinishing || (this.#isLeaving && answered > 0 && isBetween)) {
          this.#reportUnfinished();
          this.#close();
        }
        break;
      }
      // A client that sends many requests at once gets little more of greyd's time than others.
      if (answered % ANSWERS_IN_A_TURN === ANSWERS_IN_A_TURN - 1) await eventLoopTurn();
      this.#waitingSince = undefined;
      this.#onAnswering(true);
      const action = await this.#settings.answer(request, this.#isOutgoing);
      if (action !== undefined && this.#socket.writable) this.#socket.write(encodeReply(action));
      answered += 1;
      if (action === undefined || this.#settings.closeAfterAnswer) this.#close();
      this.#onAnswering(false);
    }
    this.#isAnswering = false;
    if (this.#socket.writableNeedDrain) this.#socket.pause();
    else this.#socket.resume();
  }

  /**
   * Closes when the answers are written, without waiting for the client to close. If the system
   * has taken them it closes at once: a client that checks whether it may send another request
   * on this connection, as Postfix does, must not find it still open.
   */
  #close(): void {
    this.#isClosing = true;
    if (this.#socket.writableLength === 0) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  #reportUnfinished(): void {
    const bytes = this.#reader.unfinishedBytes;
    if (bytes > 0) this.#settings.onUnfinished(bytes);
  }
}
