/**
 * The sockets of the daemon: all listening ones, and the connections that came in through them.
 *
 * Opening and serving are two steps. Clients can connect as soon as the sockets are open, and are
 * read from only once `serve` is called: when privileges are dropped and the store is open.
 */
import type { AddressInfo, Server, Socket } from 'node:net';
import { Connection, type ConnectionSettings } from './connection.ts';
import { type Endpoint, endpointName, inetName } from './endpoint.ts';
import { listen } from './listen.ts';

/** At most this many turns of the event loop go to connections that wait to be accepted at the end. */
const MAX_LAST_TURNS = 1000;

export class PolicyServer {
  readonly #servers: Server[] = [];
  readonly #names: string[] = [];
  readonly #connections = new Set<Connection>();
  /** Sockets that came in before `serve`. */
  #early: Socket[] = [];
  #settings: ConnectionSettings | undefined;

  /**
   * Opens all endpoints, or none.
   * @param backlog connections that the system may hold for each; undefined: its own value
   * @throws {ListenError} (rejects)
   */
  static async open(endpoints: readonly Endpoint[], backlog: number | undefined): Promise<PolicyServer> {
    const opened = new PolicyServer();
    try {
      for (const endpoint of endpoints) {
        const server = await listen(endpoint, backlog);
        if (server === undefined) continue;
        server.on('connection', (socket) => opened.#accept(socket));
        opened.#servers.push(server);
        opened.#names.push(boundName(endpoint, server.address()));
      }
    } catch (error) {
      for (const server of opened.#servers) server.close();
      throw error;
    }
    return opened;
  }

  /** Where it listens, with the ports that the system chose, for messages. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Begins to answer requests. */
  serve(settings: ConnectionSettings): void {
    this.#settings = settings;
    for (const server of this.#servers)
      server.on('error', (error) => settings.warn(`cannot accept a connection: ${error.message}`));
    const early = this.#early;
    this.#early = [];
    for (const socket of early) this.#accept(socket);
  }

  /**
   * Accepts no more connections, answers what has arrived whole, and settles when all are closed.
   * Connections that the system already holds for greyd, and their bytes, have arrived too.
   */
  async stop(): Promise<void> {
    for (let turn = 0, before = -1; turn < MAX_LAST_TURNS && before !== this.#connections.size; turn += 1) {
      before = this.#connections.size;
      await eventLoopTurn();
    }
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    await eventLoopTurn();
    for (const connection of this.#connections) connection.finish();
    await Promise.all(closed);
  }

  /** Closes everything at once; closing also removes the files of unix sockets. */
  destroy(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#early) socket.destroy();
    for (const connection of this.#connections) connection.destroy();
  }

  #accept(socket: Socket): void {
    if (this.#settings === undefined) {
      this.#early.push(socket);
      return;
    }
    const connection = new Connection(socket, this.#settings);
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
  }
}

/** The name of an endpoint, with the port that the system chose. */
function boundName(endpoint: Endpoint, address: AddressInfo | string | null): string {
  // A unix socket has no address; an inherited one is known by its descriptor only.
  return address === null || typeof address === 'string'
    ? endpointName(endpoint)
    : inetName(address.address, address.port);
}

/** Settles after one whole turn of the event loop, in which every socket was looked at. */
async function eventLoopTurn(): Promise<void> {
  // The first one ends the turn that is under way.
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
