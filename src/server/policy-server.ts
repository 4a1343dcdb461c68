/**
 * The sockets of the daemon: all listening ones, and the connections that came in through them.
 *
 * Opening and serving are two steps. Clients can connect as soon as the sockets are open, and are
 * read from only once `serve` is called: when privileges are dropped and the store is open.
 */
import type { AddressInfo, Server } from 'node:net';
import { ConnectionTable, type TableSettings } from './connection-table.ts';
import { type Endpoint, endpointName, inetName, isLoopback } from './endpoint.ts';
import { listen } from './listen.ts';
import { Spell } from './spell.ts';

/**
 * How often connections are looked at, in milliseconds. A time limit begins at one such look and ends
 * at another, so it is overrun by up to twice this, and never cut short.
 */
const SWEEP_MS = 1000;

/** At most this many turns of the event loop go to connections that wait to be accepted at the end. */
const MAX_LAST_TURNS = 1000;

export class PolicyServer {
  readonly #servers: Server[] = [];
  readonly #names: string[] = [];
  readonly #exposed: string[] = [];
  readonly #connections: ConnectionTable;
  #sweeper: NodeJS.Timeout | undefined;

  private constructor(maxConnections: number) {
    this.#connections = new ConnectionTable(maxConnections);
  }

  /**
   * Opens all endpoints, or none.
   * @param backlog connections that the system may hold for each; undefined: its own value
   * @param maxConnections accepted ones at a time, over all endpoints
   * @throws {ListenError} (rejects)
   */
  static async open(
    endpoints: readonly Endpoint[],
    backlog: number | undefined,
    maxConnections: number,
  ): Promise<PolicyServer> {
    const opened = new PolicyServer(maxConnections);
    try {
      for (const endpoint of endpoints) {
        const server = await listen(endpoint, backlog);
        if (server === undefined) continue;
        server.on('connection', (socket) => opened.#connections.add(socket));
        opened.#servers.push(server);
        const address = server.address();
        const name = boundName(endpoint, address);
        opened.#names.push(name);
        // A unix socket has a path or nothing in place of an address.
        if (address !== null && typeof address !== 'string' && !isLoopback(address.address))
          opened.#exposed.push(name);
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

  /** Those of `names` that other hosts can reach. */
  get exposedNames(): readonly string[] {
    return this.#exposed;
  }

  /** Begins to answer requests. */
  serve(settings: TableSettings): void {
    const failing = new Spell(
      'the system does not let greyd accept connections',
      (count) => `connections can be accepted again: ${count} could not`,
      settings.warn,
    );
    for (const server of this.#servers) server.on('error', () => failing.note(settings.uptime()));
    this.#connections.serve(settings);
    // Not from the timer itself: after a standstill what has arrived meanwhile is to be read first.
    const sweep = () => {
      this.#connections.sweep();
      failing.look(settings.uptime());
    };
    this.#sweeper = setInterval(() => setImmediate(sweep), SWEEP_MS).unref();
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
    this.#connections.destroy();
    clearInterval(this.#sweeper);
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
