/**
 * The drop-in of greyd.socket that has systemd open the sockets that postgrey had (systemd.socket(5)), so that
 * main.cf need not change, and no restart of greyd refuses a connection there.
 */
import { ALL_ADDRESSES, type InetEndpoint, inetName, isLoopback } from '../../server/endpoint.ts';

/** A unix socket as postgrey had it. */
export interface UnixSocket {
  readonly path: string;
  /** Permissions, 0 to 0o777. */
  readonly mode: number;
  /** Names or numbers; undefined: root's, which is of no matter where everybody may connect. */
  readonly owner: { readonly user: string; readonly group: string } | undefined;
}

/** @param inet with addresses in place of names */
export function socketDropIn(inet: readonly InetEndpoint[], unix: UnixSocket | undefined): string {
  const isBeyondLoopback = inet.some(({ host }) => host !== ALL_ADDRESSES && !isLoopback(host));
  return [
    '# Where postgrey was asked, so that main.cf need not change. Written by greyctl migrate.',
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
