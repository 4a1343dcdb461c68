/**
 * A connection to a policy daemon, one request at a time, in bytes: a character of a text stands for
 * a byte (Latin-1), because the traffic holds bytes that are no UTF-8.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** The mark in place of an answer. */
export const CLOSED = '(closed)';
export const NO_ANSWER = '(no answer)';

const ANSWER_LIMIT_MS = 60_000;

export class Link {
  readonly #where: NetConnectOpts;
  #socket: Socket | undefined;
  #received = '';
  #onAnswer: (answer: string) => void = () => {};

  constructor(where: NetConnectOpts) {
    this.#where = where;
  }

  /** Sends a request and waits for its answer, without `action=`, or for CLOSED or NO_ANSWER. */
  ask(bytes: string): Promise<string> {
    return new Promise((resolve) => {
      this.#onAnswer = resolve;
      this.send(bytes);
    });
  }

  /** Sends without waiting; connects first if need be. */
  send(bytes: string): void {
    this.#socket ??= this.#connect();
    this.#socket.write(bytes, 'latin1');
  }

  /** Waits until the other side has closed the connection. @returns false if it says more, or does not close */
  ended(): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#socket === undefined) resolve(true);
      this.#onAnswer = (answer) => resolve(answer === CLOSED);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#received = '';
  }

  #connect(): Socket {
    const socket = connect({ noDelay: true, ...this.#where }).setEncoding('latin1');
    const end = (answer: string) => {
      if (socket !== this.#socket) return;
      this.close();
      this.#onAnswer(answer);
    };
    socket.setTimeout(ANSWER_LIMIT_MS, () => end(NO_ANSWER));
    // 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => end(CLOSED));
    socket.on('end', () => end(CLOSED));
    socket.on('data', (text) => {
      if (socket !== this.#socket) return;
      this.#received += text;
      const length = this.#received.indexOf('\n\n');
      if (length === -1) return;
      const answer = this.#received.slice(0, length);
      this.#received = this.#received.slice(length + 2);
      this.#onAnswer(answer.replace(/^action=/, ''));
    });
    return socket;
  }
}
