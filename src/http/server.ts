/**
 * The HTTP server: GET and HEAD of a few paths, and nothing else.
 *
 *   200, or the status of the path   its text
 *   404   another path           405   another method           500   the path has failed
 *
 * As with the policy sockets, opening and serving are two steps: until `serve` is called every path answers
 * 503. An error here has no effect but one line in the log until the path works again.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { OnceLog } from '../errors/once-log.ts';
import { errorText } from '../errors/text.ts';
import type { Endpoint } from '../server/endpoint.ts';
import { boundName, listen, type SocketRights } from '../server/listen.ts';

/** Maximum number of connections for each address; a further one is closed at once. */
export const MAX_CONNECTIONS = 8;
/** Maximum size of the head of a request, in bytes; a larger one is answered with 431. */
export const MAX_HEADER_BYTES = 8 * 1024;

export interface HttpTimeLimits {
  /** For a client to send the head, from its connection on, in milliseconds. */
  readonly headersMs: number;
  /** For a client to send all of its request, in milliseconds. */
  readonly requestMs: number;
  /** How often these two are checked, in milliseconds. */
  readonly checkEveryMs: number;
  /** Milliseconds until an inactive connection is closed: no answer takes so long. */
  readonly idleMs: number;
}

const TIME_LIMITS: HttpTimeLimits = {
  headersMs: 5000,
  requestMs: 10_000,
  checkEveryMs: 1000,
  idleMs: 65_000,
};

export interface HttpAnswer {
  readonly status: 200 | 503;
  readonly type: string;
  readonly text: string;
}

/** Answers a path. If it rejects, that is logged, and answered with 500. */
export type HttpRoute = () => Promise<HttpAnswer>;

export const PLAIN_TEXT = 'text/plain; charset=utf-8';

const STARTING: HttpAnswer = { status: 503, type: PLAIN_TEXT, text: 'greyd is starting\n' };

export class HttpServer {
  readonly #servers: Server[] = [];
  readonly #names: string[] = [];
  readonly #paths: readonly string[];
  readonly #limits: HttpTimeLimits;
  #routes: Readonly<Record<string, HttpRoute>> = {};
  #warn: (text: string) => void = () => {};
  /** The paths whose last request has failed. */
  readonly #failing = new Map<string, OnceLog>();

  /** @param paths all paths of the server */
  constructor(paths: readonly string[], limits: HttpTimeLimits = TIME_LIMITS) {
    this.#paths = paths;
    this.#limits = limits;
  }

  /** @throws {ListenError} (rejects) if one of the endpoints cannot be opened */
  async open(endpoints: readonly Endpoint[], rights: SocketRights): Promise<void> {
    for (const endpoint of endpoints) {
      const server = createServer(
        {
          maxHeaderSize: MAX_HEADER_BYTES,
          headersTimeout: this.#limits.headersMs,
          requestTimeout: this.#limits.requestMs,
          connectionsCheckingInterval: this.#limits.checkEveryMs,
        },
        // An error thrown here would end the process.
        (request, response) => void this.#answer(request, response).catch(() => response.destroy()),
      );
      server.maxConnections = MAX_CONNECTIONS;
      server.timeout = this.#limits.idleMs;
      if (!(await listen(server, endpoint, rights))) continue;
      server.on('error', ({ message }) => this.#fail('accept', `cannot accept connections: ${message}`));
      this.#servers.push(server);
      this.#names.push(boundName(server, endpoint));
    }
  }

  /** The addresses it listens on, with the ports that the system chose. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Begins to answer. @param warn logs an error */
  serve(routes: Readonly<Record<string, HttpRoute>>, warn: (text: string) => void): void {
    this.#routes = routes;
    this.#warn = warn;
  }

  /** Closes everything at once. */
  destroy(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #answer({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = url.replace(/\?.*$/s, '');
    if (!this.#paths.includes(path)) return endWith(response, 404, 'not found\n');
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return endWith(response, 405, 'only GET and HEAD\n');
    }
    try {
      const { status, type, text } = (await this.#routes[path]?.()) ?? STARTING;
      this.#failing.get(path)?.over();
      endWith(response, status, text, type);
    } catch (error) {
      this.#fail(path, `${path}: ${errorText(error)}`);
      endWith(response, 500, 'failed, see the log of greyd\n');
    }
  }

  #fail(what: string, text: string): void {
    const known = this.#failing.get(what);
    const failing = known ?? new OnceLog({ begin: '--metrics: ' }, (line) => this.#warn(line));
    this.#failing.set(what, failing);
    failing.note(text);
  }
}

/** Ends the connection with the answer: a reader that comes every few seconds needs none that stays open. */
function endWith(response: ServerResponse, status: number, text: string, type = PLAIN_TEXT): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(text);
}
