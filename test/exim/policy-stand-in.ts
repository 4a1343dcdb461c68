/**
 * Stands where greyd should be, and keeps what Exim asked as the bytes that came.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export class PolicyStandIn {
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param answer the bytes to answer with; undefined: never answer, and keep the connection open */
  private constructor(answer: string | undefined) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      let received = '';
      socket.setEncoding('utf8').on('data', (text) => {
        received += text;
      });
      socket.on('error', () => {});
      socket.on('end', () => {
        this.requests.push(received);
        if (answer !== undefined) socket.end(answer);
      });
    });
  }

  /** Listens on a port that the system chooses, until the test has ended. */
  static async start(answer: string | undefined): Promise<PolicyStandIn> {
    const standIn = new PolicyStandIn(answer);
    standIn.#server.listen({ host: '127.0.0.1', port: 0 });
    await once(standIn.#server, 'listening');
    onTestFinished(() => {
      standIn.#server.close();
      for (const socket of standIn.#sockets) socket.destroy();
    });
    return standIn;
  }

  /** Where it is, for `${readsocket}`. */
  get place(): string {
    return `inet:127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
}
