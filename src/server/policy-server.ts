/**
 * The sockets of the daemon: all listening ones, and their connections.
 *
 * Opening and serving are two steps. Clients can connect as soon as the sockets are open, but are
 * read from only after `serve` is called: when privileges are dropped and the store is open.
 */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { OnceLog } from '../errors/once-log.ts';
import { ConnectionTable, type TableSettings } from './connection-table.ts';
import { type Endpoint, isLoopback } from './endpoint.ts';
import { boundName, listen, type SocketRights } from './listen.ts';

/**
 * How often connections are checked, in milliseconds. A time limit begins at one check and ends
 * at another, so it is exceeded by up to twice this, and never cut short.
 */
const SWEEP_MS = 1000;

/**
 * Milliseconds until an idle TCP connection is probed: one whose client has vanished is noticed a few seconds
 * later.
 */
const KEEP_ALIVE_AFTER_MS = 120_000;

/** Maximum number of turns of the event loop spent at the end on connections that wait to be accepted. */
const MAX_LAST_TURNS = 1000;

export class PolicyServer {
  /** Sockets that greyd opened; inherited ones, which the next process gets too, are below. */
  readonly #servers: Server[] = [];
  readonly #inherited: Server[] = [];
  readonly #names: string[] = [];
  readonly #exposed: string[] = [];
  readonly #connections: ConnectionTable;
  #sweeper: NodeJS.Timeout | undefined;

  /** @param maxConnections accepted at a time, over all endpoints */
  constructor(maxConnections: number) {
    this.#connections = new ConnectionTable(maxConnections);
  }

  /**
   * Opens all endpoints, inherited ones first; if one fails, `destroy` closes the others.
   * @param backlog connections that the kernel queues for each; undefined: the system's default
   * @throws {ListenError} (rejects)
   */
  async open(
    endpoints: readonly Endpoint[],
    rights: SocketRights,
    backlog: number | undefined,
  ): Promise<void> {
    const inherited: AddressInfo[] = [];
    for (const endpoint of endpoints) {
      const server = makeServer();
      if (!(await listen(server, endpoint, rights, backlog, inherited))) continue;
      const isOutgoing = endpoint.kind === 'inet' && endpoint.isOutgoing === true;
      server.on('connection', (socket) => this.#connections.add({ socket, isOutgoing }));
      const isInherited = endpoint.kind === 'inherited';
      (isInherited ? this.#inherited : this.#servers).push(server);
      const name = boundName(server, endpoint) + (isOutgoing ? ' (outgoing)' : '');
      this.#names.push(name);
      const address = server.address();
      // A unix socket has a path or nothing in place of an address.
      if (address === null || typeof address === 'string') continue;
      if (isInherited) inherited.push(address);
      if (!isLoopback(address.address)) this.#exposed.push(name);
    }
  }

  /** The addresses it listens on, with the ports that the system chose, for messages. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** The `names` that other hosts can reach. */
  get exposedNames(): readonly string[] {
    return this.#exposed;
  }

  /** The number of connections that are read from now, and of all since the start. */
  get connections(): { readonly open: number; readonly accepted: number } {
    return { open: this.#connections.size, accepted: this.#connections.accepted };
  }

  get isServing(): boolean {
    return this.#sweeper !== undefined;
  }

  /** Begins to answer requests. */
  serve(settings: TableSettings): void {
    const failing = new OnceLog(
      {
        begin: 'the system refuses to let greyd accept connections',
        end: (count) => `connections are accepted again; ${count} failed`,
      },
      settings.warn,
      settings.uptime,
    );
    for (const server of [...this.#servers, ...this.#inherited]) server.on('error', () => failing.note());
    this.#connections.serve(settings);
    // Not from the timer itself: after a pause of the process, read first what has arrived.
    const sweep = () => {
      this.#connections.sweep();
      failing.look();
    };
    this.#sweeper = setInterval(() => setImmediate(sweep), SWEEP_MS).unref();
  }

  /**
   * Closes each connection after its next answer, and settles when all are closed. Idle ones
   * are closed after the grace time; complete requests that arrive by then are answered.
   *
   * New connections are served as well, and so are those that the kernel has queued for greyd. On
   * an inherited socket they wait for the next process: it is closed here at once, and lives on there.
   * @param graceMs milliseconds; it ends early when no client is connected any more
   */
  async stop(graceMs: number): Promise<void> {
    const grace = pause(graceMs);
    const empty = this.#connections.leave();
    const closed = this.#inherited.map(close);
    await this.#acceptWaiting();
    await Promise.race([grace, empty]);
    await this.#acceptWaiting();
    closed.push(...this.#servers.map(close));
    await eventLoopTurn();
    this.#connections.finish();
    await Promise.all(closed);
  }

  /**
   * Stops listening, and settles when the clients that have connected so far have their answers: for a start
   * that fails, so that no client takes greyd for one that serves.
   */
  async abandon(): Promise<void> {
    const closed = [...this.#servers, ...this.#inherited].map(close);
    for (let turn = 0; turn < 2; turn += 1) await eventLoopTurn();
    this.#connections.finish();
    await Promise.all(closed);
  }

  /** Closes everything at once; closing also removes the files of unix sockets. */
  destroy(): void {
    for (const server of [...this.#servers, ...this.#inherited]) server.close();
    this.#connections.destroy();
    clearInterval(this.#sweeper);
  }

  /** Accepts the connections that the kernel has queued. */
  async #acceptWaiting(): Promise<void> {
    for (
      let turn = 0, before = -1;
      turn < MAX_LAST_TURNS && before !== this.#connections.accepted;
      turn += 1
    ) {
      before = this.#connections.accepted;
      await eventLoopTurn();
    }
  }
}

function makeServer(): Server {
  // A client may close its side right after the request and still gets the answer.
  return createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
  });
}

/** Settles when all its connections are closed too. */
function close(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}

/** Settles after one whole turn of the event loop, in which every socket was checked. */
async function eventLoopTurn(): Promise<void> {
  // The first one ends the current turn.
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
