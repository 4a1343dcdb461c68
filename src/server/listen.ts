/**
 * Opens a listening socket on an endpoint, or says in one line why that cannot be and what to do.
 */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server } from 'node:net';
import { ALL_ADDRESSES, type Endpoint, endpointName, type UnixEndpoint } from './endpoint.ts';

/** An endpoint cannot be opened. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** Whether trying again later, with the same command line, can succeed. */
  readonly canPass: boolean;

  constructor(message: string, canPass: boolean) {
    super(message);
    this.canPass = canPass;
  }
}

/**
 * @param backlog connections that the system may hold before they are accepted; undefined: its own value
 * @returns the listening server, or undefined if the endpoint is optional and this host lacks it
 * @throws {ListenError} (rejects)
 */
export async function listen(endpoint: Endpoint, backlog: number | undefined): Promise<Server | undefined> {
  if (endpoint.kind === 'unix') await removeStaleSocket(endpoint);
  // A client may close its side right after the request and still gets the answer.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  try {
    await bind(server, { ...listenOptions(endpoint), ...(backlog !== undefined && { backlog }) });
    if (endpoint.kind === 'unix') chmodSync(endpoint.path, endpoint.mode);
    return server;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (endpoint.kind === 'inet' && endpoint.optional && MISSING_ADDRESS.has(code)) return undefined;
    throw listenError(endpoint, error as NodeJS.ErrnoException);
  }
}

/** Codes of an address, or a whole address family, that this host does not have. */
const MISSING_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

function listenOptions(endpoint: Endpoint): ListenOptions & { fd?: number } {
  switch (endpoint.kind) {
    case 'inet':
      // Without a host Node.js takes all IPv4 addresses where there is no IPv6.
      return { port: endpoint.port, ...(endpoint.host !== ALL_ADDRESSES && { host: endpoint.host }) };
    case 'unix':
      return { path: endpoint.path };
    case 'inherited':
      return { fd: endpoint.fd };
  }
}

function bind(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Removes the socket file that a killed daemon left behind; anything else at that path is kept. */
async function removeStaleSocket({ path }: UnixEndpoint): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new ListenError(
      `--unix=${path}: there is a file that is no socket, remove it or choose another path`,
      false,
    );
  }
  if (!(await isStale(path))) {
    throw new ListenError(`--unix=${path}: another program is listening there, stop it first`, true);
  }
  unlinkSync(path);
}

/** Only a refused connection shows that nobody listens; a full queue (EAGAIN), say, shows that somebody does. */
function isStale(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}

function listenError(endpoint: Endpoint, error: NodeJS.ErrnoException): ListenError {
  const name = endpointName(endpoint);
  switch (error.code) {
    case 'EADDRINUSE': {
      const filter = endpoint.kind === 'inet' ? `sport = :${endpoint.port}` : '';
      return new ListenError(
        `cannot listen on ${name}: the port is in use, by another greyd or postgrey or an outgoing connection; ` +
          `\`ss -tanp '${filter}'\` shows by whom (ports from 32768 on can be reserved with net.ipv4.ip_local_reserved_ports)`,
        true,
      );
    }
    case 'EACCES':
    case 'EPERM':
      return new ListenError(
        `cannot listen on ${name}: permission denied, start greyd as root or choose another place`,
        false,
      );
    case 'ENOTFOUND':
    case 'EADDRNOTAVAIL':
      return new ListenError(`cannot listen on ${name}: this host has no such address`, true);
    default:
      return new ListenError(`cannot listen on ${name}: ${error.message}`, true);
  }
}
