/**
 * Bounds what a server may answer: greyd asks for small things, and whatever is no Redis, or holds something huge under a
 * key of greyd's, must not fill the memory. The library reads an answer whole, however large it is, and hides its sockets;
 * Node.js tells of each one that is made (diagnostics_channel, net.client.socket), and each counts what it has read.
 *
 * Known limits: it is looked at each LOOK_MS, so that a fast server exceeds the bound a little. The sockets of a Cluster with
 * TLS are not told of.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Of what comes until a command is answered. A group of records and their keys has less than one MB. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

const LOOK_MS = 10;

const CHANNEL = 'net.client.socket';

export class AnswerBound {
  readonly #sockets = new Set<Socket>();
  /** Read when a command was last answered. */
  #answered = 0;
  #waiting = 0;
  #looks: NodeJS.Timeout | undefined;
  /** Why a socket was closed, until somebody asks. */
  #excess: Error | undefined;

  constructor() {
    subscribe(CHANNEL, this.#note);
  }

  /** Notes no more sockets. */
  close(): void {
    unsubscribe(CHANNEL, this.#note);
  }

  /**
   * Waits for an answer.
   * @throws (rejects with) what `ask` throws, or that the answer was too large
   */
  async within<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    this.#waiting += 1;
    this.#looks ??= setInterval(() => this.#look(), LOOK_MS);
    try {
      return await ask();
    } catch (error) {
      throw this.#excess ?? error;
    } finally {
      this.#waiting -= 1;
      this.#answered = this.#read();
      if (this.#waiting === 0) {
        clearInterval(this.#looks);
        this.#looks = undefined;
        this.#excess = undefined;
      }
    }
  }

  readonly #note = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#answered = this.#read();
    });
  };

  #read(): number {
    let bytes = 0;
    for (const socket of this.#sockets) bytes += socket.bytesRead;
    return bytes;
  }

  #look(): void {
    if (this.#read() - this.#answered <= MAX_ANSWER_BYTES) return;
    this.#excess = new Error(`an answer of more than ${MAX_ANSWER_BYTES / 1024 ** 2} MB`);
    for (const socket of this.#sockets) socket.destroy(this.#excess);
  }
}
