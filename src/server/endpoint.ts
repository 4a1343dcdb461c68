/**
 * The endpoints of greyd, as written on the command line:
 *
 *   inet :== [ host ":" ] port      host: a name, an IPv4 address, "[" IPv6 "]"; "*" or nothing for all
 *
 * A port alone, or `localhost`, means both loopback addresses: Postfix may be configured with either.
 */
import { BlockList, isIPv6 } from 'node:net';

/** All addresses of this host, IPv4 too. */
export const ALL_ADDRESSES = '::';

export interface InetEndpoint {
  readonly kind: 'inet';
  /** A name or an address without brackets. */
  readonly host: string;
  /** 1 to 65535; 0 lets the system choose. */
  readonly port: number;
  /** True if this host may lack the address (no IPv6, say) without an error. */
  readonly optional: boolean;
  /** For our own outgoing mail (--outgoing). */
  readonly isOutgoing?: true;
}

export interface UnixEndpoint {
  readonly kind: 'unix';
  readonly path: string;
  /** Permissions of the socket file, 0 to 0o777. */
  readonly mode: number;
}

/** A listening socket that greyd was started with (sd_listen_fds(3)). */
export interface InheritedEndpoint {
  readonly kind: 'inherited';
  readonly fd: number;
  /** The path of a unix socket, if it is known. */
  readonly path: string | undefined;
}

export type Endpoint = InetEndpoint | UnixEndpoint | InheritedEndpoint;

/** @returns undefined if the text is not of this form */
export function parseInet(text: string): InetEndpoint[] | undefined {
  const [, hostText, portText = ''] = /^(?:(.*):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(portText);
  if (portText === '' || port > 65535) return undefined;
  const endpoint = (host: string, optional = false): InetEndpoint => ({ kind: 'inet', host, port, optional });

  if (hostText === undefined || hostText === 'localhost') {
    return [endpoint('127.0.0.1'), endpoint('::1', true)];
  }
  if (hostText === '*' || hostText === '') return [endpoint(ALL_ADDRESSES)];
  const host = hostText.replace(/^\[(.*)\]$/, '$1');
  const isValid = host === hostText && !host.includes(':') ? /^[\w.-]+$/.test(host) : isIPv6(host);
  return isValid ? [endpoint(host)] : undefined;
}

/** Returns the name for messages: `127.0.0.1:60000`, `[::1]:60000`, `/run/greyd/socket`. */
export function endpointName(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'inet':
      return inetName(endpoint.host, endpoint.port);
    case 'unix':
      return endpoint.path;
    case 'inherited':
      return endpoint.path ?? `inherited socket ${endpoint.fd}`;
  }
}

/** Returns `127.0.0.1:60000` or `[::1]:60000`, as in main.cf. */
export function inetName(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Tells whether only this host can reach an address. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
