/**
 * Finds the sockets of postgrey, as greyd is to open them and greyctl to connect to them.
 */
import { lookup } from 'node:dns/promises';
import { statSync } from 'node:fs';
import { connect, isIP, isIPv4, type NetConnectOpts } from 'node:net';
import { networkInterfaces } from 'node:os';
import { normalize } from 'node:path';
import {
  ALL_ADDRESSES,
  type Endpoint,
  endpointName,
  type InetEndpoint,
  parseInet,
} from '../../server/endpoint.ts';
import type { GivenOption } from './given-options.ts';
import type { UnixSocket } from './socket-unit.ts';

/** A socket for greyd. */
export interface Socket {
  /** The name in main.cf: `127.0.0.1:10023`. */
  readonly name: string;
  readonly endpoint: Exclude<Endpoint, { kind: 'inherited' }>;
  readonly target: NetConnectOpts;
}

/** Time for a program to accept a connection, in milliseconds. */
const CONNECT_LIMIT_MS = 5000;

/**
 * Returns sockets for the endpoints of which this host has the address, with names resolved.
 * @throws (rejects) if a name has no address
 */
export async function socketsOf(endpoints: readonly Endpoint[]): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (const endpoint of endpoints) {
    if (endpoint.kind === 'inherited' || (endpoint.kind === 'inet' && isMissing(endpoint))) continue;
    const found = endpoint.kind === 'inet' ? await resolved(endpoint) : endpoint;
    const name = found.kind === 'unix' ? `unix:${found.path}` : endpointName(found);
    sockets.push({ name, endpoint: found, target: targetOf(found) });
  }
  return sockets;
}

/** Returns the TCP endpoints of greyd that none of these sockets covers, each once. */
export function othersOf(ofGreyd: readonly InetEndpoint[], sockets: readonly Socket[]): InetEndpoint[] {
  const isCovered = ({ host, port }: InetEndpoint) =>
    inetOf(sockets).some(
      (own) =>
        own.port === port &&
        (own.host === host || own.host === ALL_ADDRESSES || (own.host === '0.0.0.0' && isIPv4(host))),
    );
  const others = ofGreyd.filter((endpoint) => !isCovered(endpoint));
  return [...new Map(others.map((endpoint) => [endpointName(endpoint), endpoint])).values()];
}

/** Returns the endpoints of --inet among options. */
export function inetOptions(options: readonly GivenOption[]): InetEndpoint[] {
  return options.flatMap(({ name, value = '' }) => (name === '--inet' ? (parseInet(value) ?? []) : []));
}

/** @param listen of a socket unit, as systemctl show prints it: a line `127.0.0.1:60000 (Stream)` for each socket */
export function inetOfUnit(listen: string): InetEndpoint[] {
  return [...listen.matchAll(/^(\S+:\d+) \(Stream\)$/gm)].flatMap(([, name = '']) => parseInet(name) ?? []);
}

/** Returns the unix sockets of a socket unit: `/run/greyd/socket (Stream)`. */
export function unixOfUnit(listen: string): string[] {
  return [...listen.matchAll(/^(\/.*) \(Stream\)$/gm)].map(([, path = '']) => path);
}

/** Returns the names for messages. */
export function namesOf(sockets: readonly Socket[]): string {
  return sockets.map(({ name }) => name).join(', ');
}

export function inetOf(sockets: readonly Socket[]): InetEndpoint[] {
  return sockets.map(({ endpoint }) => endpoint).filter((endpoint) => endpoint.kind === 'inet');
}

/** Returns the unix socket, if there is one, with the owner of its file. */
export function unixOf(sockets: readonly Socket[]): UnixSocket | undefined {
  const endpoint = sockets.map((socket) => socket.endpoint).find(({ kind }) => kind === 'unix');
  if (endpoint?.kind !== 'unix') return undefined;
  const { mode } = endpoint;
  const stat = statSync(endpoint.path, { throwIfNoEntry: false });
  const owner = stat === undefined ? undefined : { user: `${stat.uid}`, group: `${stat.gid}` };
  return { path: normalize(endpoint.path), mode, owner: isForAll(mode) ? undefined : owner };
}

/** Tells whether all may connect, whatever the owner of the socket. */
export function isForAll(mode: number): boolean {
  return (mode & 0o006) === 0o006;
}

/** Tells whether a program listens on a socket; no request is sent. */
export function isListening({ target }: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(target, () => settle(true));
    socket.setTimeout(CONNECT_LIMIT_MS, () => settle(false));
    socket.on('error', () => settle(false));
    const settle = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
  });
}

function isMissing({ host, optional }: InetEndpoint): boolean {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return optional && !own.some(({ address }) => address === host);
}

async function resolved(endpoint: InetEndpoint): Promise<InetEndpoint> {
  const { host } = endpoint;
  if (host === ALL_ADDRESSES || isIP(host) !== 0) return endpoint;
  try {
    return { ...endpoint, host: (await lookup(host)).address };
  } catch {
    throw new Error(`--inet=${host}:${endpoint.port}: the name has no address`);
  }
}

function targetOf(endpoint: Socket['endpoint']): NetConnectOpts {
  if (endpoint.kind === 'unix') return { path: endpoint.path };
  const isAll = [ALL_ADDRESSES, '0.0.0.0'].includes(endpoint.host);
  return { host: isAll ? '127.0.0.1' : endpoint.host, port: endpoint.port };
}
