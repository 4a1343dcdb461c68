/**
 * Writes the drop-in of greyd.socket by which systemd opens the sockets of postgrey (systemd.socket(5)): main.cf need
 * not change, and no connection is refused while greyd restarts.
 */
import { ALL_ADDRESSES, type InetEndpoint, inetName, isLoopback } from '../../server/endpoint.ts';

/** A unix socket of postgrey. */
export interface UnixSocket {
  readonly path: string;
  /** Permissions, 0 to 0o777. */
  readonly mode: number;
  /** Names or numbers; undefined: root, for a socket to which all may connect. */
  readonly owner: { readonly user: string; readonly group: string } | undefined;
}

/** @param inet endpoints by address, not by name */
export function socketDropIn(inet: readonly InetEndpoint[], unix: UnixSocket | undefined): string {
  const isBeyondLoopback = inet.some(({ host }) => host !== ALL_ADDRESSES && !isLoopback(host));
  return [
    '# The sockets of postgrey, so that main.cf need not change. Written by greyctl migrate.',
    '[Socket]',
    'ListenStream=',
    ...inet.map(({ host, port }) => `ListenStream=${host === ALL_ADDRESSES ? port : inetName(host, port)}`),
    // At boot the socket may be there before the address.
    ...(isBeyondLoopback ? ['FreeBind=yes'] : []),
    ...(unix === undefined ? [] : unixLines(unix)),
    '',
  ].join('\n');
}

function unixLines({ path, mode, owner }: UnixSocket): string[] {
  return [
    `ListenStream=${path.replaceAll('%', '%%')}`,
    `SocketMode=${mode.toString(8).padStart(4, '0')}`,
    ...(owner === undefined ? [] : [`SocketUser=${owner.user}`, `SocketGroup=${owner.group}`]),
  ];
}
