/**
 * Opens a listening socket on an endpoint, or says in one line why that cannot be and what to do.
 */
import { chmodSync } from 'node:fs';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { ALL_ADDRESSES, type Endpoint, endpointName } from './endpoint.ts';
import { ListenError } from './listen-error.ts';
import { makeWay } from './unix-socket.ts';

/** An idle TCP connection whose client has vanished is noticed after this, and a few seconds of probes. */
const KEEP_ALIVE_AFTER_MS = 120_000;

/**
 * @param backlog connections that the system may hold before they are accepted; undefined: its own value
 * @returns the listening server, or undefined if the endpoint is optional and this host lacks it
 * @throws {ListenError} (rejects)
 */
export async function listen(endpoint: Endpoint, backlog: number | undefined): Promise<Server | undefined> {
  // A client may close its side right after the request and still gets the answer.
  const server = createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
  });
  try {
    if (endpoint.kind === 'unix') await makeWay(endpoint.path);
    await bind(server, { ...listenOptions(endpoint), ...(backlog !== undefined && { backlog }) });
    if (endpoint.kind === 'unix') chmodSync(endpoint.path, endpoint.mode);
    return server;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (endpoint.kind === 'inet' && endpoint.optional && MISSING_ADDRESS.has(code)) return undefined;
    throw error instanceof ListenError ? error : listenError(endpoint, error as NodeJS.ErrnoException);
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

function listenError(endpoint: Endpoint, error: NodeJS.ErrnoException): ListenError {
  const name = endpointName(endpoint);
  switch (error.code) {
    case 'EADDRINUSE':
      return new ListenError(
        `cannot listen on ${name}: ${endpoint.kind === 'inet' ? portInUse(endpoint.port) : 'it is in use'}`,
        true,
      );
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

function portInUse(port: number): string {
  return (
    'the port is in use, by another greyd or postgrey or an outgoing connection; ' +
    `\`ss -tanp 'sport = :${port}'\` shows by whom (ports from 32768 on can be reserved with net.ipv4.ip_local_reserved_ports)`
  );
}
