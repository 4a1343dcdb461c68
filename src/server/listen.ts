/**
 * Lets a server listen on an endpoint, or reports in one line why it cannot and what to do. All servers
 * share it, whatever their protocol.
 */
import { unlinkSync } from 'node:fs';
import { type AddressInfo, isIPv6, type ListenOptions, type Server } from 'node:net';
import {
  ALL_ADDRESSES,
  type Endpoint,
  endpointName,
  type InetEndpoint,
  type InheritedEndpoint,
  inetName,
} from './endpoint.ts';
import { ListenError } from './listen-error.ts';
import { isLeftBehind } from './unix-socket.ts';

/**
 * The backlog of an inherited socket, whose queue holds all that comes during a restart: the value that
 * systemd.socket(5) gives it, and not the 511 of Node.js.
 */
const INHERITED_BACKLOG = 4096;

/**
 * The steps by which a daemon that was started as root opens sockets for its account, see
 * service/privileges.ts.
 */
export interface SocketRights {
  /** Runs a step, and again as root if the account may not do it. */
  attempt<Result>(step: () => Promise<Result>): Promise<Result>;
  /**
   * Binds a socket at the path, with the account's owner and this mode. Where the account may not write, root binds
   * it beside the path, under another name, and renames it.
   * @param make binds it to the path that it is given
   */
  makeSocket(path: string, mode: number, make: (path: string) => Promise<void>): Promise<void>;
}

/**
 * @param backlog connections that the kernel queues until they are accepted; undefined: the system's default
 * @param inherited addresses of the inherited sockets
 * @returns whether it listens; it does not if the endpoint is optional and this host lacks it, or an
 *   inherited socket serves it
 * @throws {ListenError} (rejects)
 */
export async function listen(
  server: Server,
  endpoint: Endpoint,
  rights: SocketRights,
  backlog?: number,
  inherited: readonly AddressInfo[] = [],
): Promise<boolean> {
  try {
    const queue = backlog !== undefined && { backlog };
    if (endpoint.kind === 'unix') {
      const { path, mode } = endpoint;
      const isLeft = await rights.attempt(() => isLeftBehind(path));
      await rights.makeSocket(path, mode, async (place) => {
        if (isLeft && place === path) unlinkSync(path);
        await bind(server, { path: place, ...queue });
      });
    } else {
      await rights.attempt(() => bind(server, { ...listenOptions(endpoint), ...queue }));
    }
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (endpoint.kind === 'inet' && endpoint.optional && MISSING_ADDRESS.has(code)) return false;
    if (endpoint.kind === 'inet' && code === 'EADDRINUSE' && isServed(endpoint, inherited)) return false;
    throw error instanceof ListenError ? error : listenError(endpoint, error as NodeJS.ErrnoException);
  }
}

/** Error codes of an address, or a whole address family, that this host does not have. */
const MISSING_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** Returns where a server listens, with the port that the system chose, for messages. */
export function boundName(server: Server, endpoint: Endpoint): string {
  const address = server.address();
  // A unix socket has no address; an inherited one is known by its descriptor only.
  return address === null || typeof address === 'string'
    ? endpointName(endpoint)
    : inetName(address.address, address.port);
}

function listenOptions(endpoint: InetEndpoint | InheritedEndpoint): ListenOptions & { fd?: number } {
  if (endpoint.kind === 'inherited') return { fd: endpoint.fd, backlog: INHERITED_BACKLOG };
  // Without a host Node.js falls back to all IPv4 addresses where there is no IPv6.
  return { port: endpoint.port, ...(endpoint.host !== ALL_ADDRESSES && { host: endpoint.host }) };
}

/** Tells whether an inherited socket has the port: one of this address, or of all. */
function isServed({ host, port }: InetEndpoint, inherited: readonly AddressInfo[]): boolean {
  return inherited.some(
    (own) =>
      own.port === port &&
      (own.address === host || own.address === ALL_ADDRESSES || (own.address === '0.0.0.0' && !isIPv6(host))),
  );
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
        `cannot listen on ${name}: ${endpoint.kind === 'inet' ? portInUse(endpoint.port) : 'the socket is in use'}`,
        true,
      );
    case 'EACCES':
    case 'EPERM':
      return new ListenError(
        `cannot listen on ${name}: ${error.syscall === undefined ? error.message : 'permission denied; start greyd as root or choose another port or path'}`,
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
    'the port is in use by another greyd or postgrey or by an outgoing connection; ' +
    `\`ss -tanp 'sport = :${port}'\` shows by which (ports from 32768 on can be reserved with net.ipv4.ip_local_reserved_ports)`
  );
}
