/**
 * Has a server listen on an endpoint, or says in one line why that cannot be and what to do. It is the same
 * for every server, whatever it speaks.
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
 * Of an inherited socket, whose queue holds all that comes during a restart: what systemd.socket(5) gives
 * it, and not the 511 of Node.js.
 */
const INHERITED_BACKLOG = 4096;

/** How a daemon that was started as root opens sockets for its account, see service/privileges.ts. */
export interface SocketRights {
  /** Does a step, and once more as root if the account may not. */
  attempt<Result>(step: () => Promise<Result>): Promise<Result>;
  /**
   * Binds a socket at the path, with the account's owner and this mode. Where the account may not write, root has it bound
   * beside the path, under a name of its own, and renames it.
   * @param make binds it where it is told
   */
  makeSocket(path: string, mode: number, make: (path: string) => Promise<void>): Promise<void>;
}

/**
 * @param backlog connections that the system may hold before they are accepted; undefined: its own value
 * @param inherited where sockets listen already that greyd was started with
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

/** Codes of an address, or a whole address family, that this host does not have. */
const MISSING_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** Where a server listens, with the port that the system chose, for messages. */
export function boundName(server: Server, endpoint: Endpoint): string {
  const address = server.address();
  // A unix socket has no address; an inherited one is known by its descriptor only.
  return address === null || typeof address === 'string'
    ? endpointName(endpoint)
    : inetName(address.address, address.port);
}

function listenOptions(endpoint: InetEndpoint | InheritedEndpoint): ListenOptions & { fd?: number } {
  if (endpoint.kind === 'inherited') return { fd: endpoint.fd, backlog: INHERITED_BACKLOG };
  // Without a host Node.js takes all IPv4 addresses where there is no IPv6.
  return { port: endpoint.port, ...(endpoint.host !== ALL_ADDRESSES && { host: endpoint.host }) };
}

/** Whether that is what has the port: a socket of this address, or of all. */
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
        `cannot listen on ${name}: ${endpoint.kind === 'inet' ? portInUse(endpoint.port) : 'it is in use'}`,
        true,
      );
    case 'EACCES':
    case 'EPERM':
      return new ListenError(
        `cannot listen on ${name}: ${error.syscall === undefined ? error.message : 'permission denied, start greyd as root or choose another place'}`,
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
