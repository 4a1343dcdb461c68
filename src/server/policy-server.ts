/**
 * The sockets of the daemon: all listening ones, and the connections that came in through them.
 *
 * Opening and serving are two steps. Clients can connect as soon as the sockets are open, and are
 * read from only once `serve` is called: when privileges are dropped and the store is open.
 */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ConnectionTable, type TableSettings } from './connection-table.ts';
import { type Endpoint, isLoopback } from './endpoint.ts';
import { boundName, listen, type SocketRights } from './listen.ts';
import { Spell } from './spell.ts';

/**
 * How often connections are looked at, in milliseconds. A time limit begins at one such look and ends
 * at another, so it is overrun by up to twice this, and never cut short.
 */
const SWEEP_MS = 1000;

/** An idle TCP connection whose client has vanished is noticed after this, and a few seconds of probes. */
const KEEP_ALIVE_AFTER_MS = 120_000;

/** At most this many turns of the event loop go to connections that wait to be accepted at the end. */
const MAX_LAST_TURNS = 1000;

export class PolicyServer {
  /** Sockets that greyd opened, and those that it was started with: the next process has these too. */
  readonly #servers: Server[] = [];
  readonly #inherited: Server[] = [];
  readonly #names: string[] = [];
  readonly #exposed: string[] = [];
  readonly #connections: ConnectionTable;
  #sweeper: NodeJS.Timeout | undefined;

  /** @param maxConnections accepted ones at a time, over all endpoints */
  constructor(maxConnections: number) {
    this.#connections = new ConnectionTable(maxConnections);
  }

  /**
   * Opens all endpoints, inherited ones first; if one fails, `destroy` closes the others.
   * @param backlog connections that the system may hold for each; undefined: its own value
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
      server.on('connection', (socket) => this.#connections.add(socket));
      const isInherited = endpoint.kind === 'inherited';
      (isInherited ? this.#inherited : this.#servers).push(server);
      const name = boundName(server, endpoint);
      this.#names.push(name);
      const address = server.address();
      // A unix socket has a path or nothing in place of an address.
      if (address === null || typeof address === 'string') continue;
      if (isInherited) inherited.push(address);
      if (!isLoopback(address.address)) this.#exposed.push(name);
    }
  }

  /** Where it listens, with the ports that the system chose, for messages. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Those of `names` that other hosts can reach. */
  get exposedNames(): readonly string[] {
    return this.#exposed;
  }

  /** Connections that are read from now, and all since the start. */
  get connections(): { readonly open: number; readonly accepted: number } {
    return { open: this.#connections.size, accepted: this.#connections.accepted };
  }

  get isServing(): boolean {
    return this.#sweeper !== undefined;
  }

  /** Begins to answer requests. */
  serve(settings: TableSettings): void {
    const failing = new Spell(
      'the system does not let greyd accept connections',
      (count) => `connections can be accepted again: ${count} could not`,
      settings.warn,
    );
    for (const server of [...this.#servers, ...this.#inherited])
      server.on('error', () => failing.note(settings.uptime()));
    this.#connections.serve(settings);
    // Not from the timer itself: after a standstill what has arrived meanwhile is to be read first.
    const sweep = () => {
      this.#connections.sweep();
      failing.look(settings.uptime());
    };
    this.#sweeper = setInterval(() => setImmediate(sweep), SWEEP_MS).unref();
  }

  /**
   * Closes each connection behind its next answer, and settles when all are closed. Those that ask
   * nothing are closed after the grace; what has arrived whole by then is answered.
   *
   * Connections that come meanwhile are served as well, and what the system holds for greyd has come. On
   * an inherited socket they wait for the next process: it is closed here at once, and lives on there.
   * @param graceMs milliseconds; it ends early when nobody is connected any more
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
   * Listens no more, and settles when those who have connected until now have their answers: for a start
   * that fails, so that nobody takes greyd for one that serves.
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

  /** Accepts the connections that the system holds. */
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

/** Settles after one whole turn of the event loop, in which every socket was looked at. */
async function eventLoopTurn(): Promise<void> {
  // The first one ends the turn that is under way.
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
