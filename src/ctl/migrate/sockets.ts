/**
 * The sockets that postgrey was asked on, as they are to be opened and asked.
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

/** A socket that greyd is to have. */
export interface Socket {
  /** As in main.cf: `127.0.0.1:10023`. */
  readonly name: string;
  readonly endpoint: Exclude<Endpoint, { kind: 'inherited' }>;
  readonly target: NetConnectOpts;
}

/** How long a program has to take a connection, in milliseconds. */
const CONNECT_LIMIT_MS = 5000;

/**
 * Those of these endpoints that this host has an address for, with the address in place of a name.
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

/** Those of the endpoints of a greyd over TCP that none of these sockets takes the place of, each once. */
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

/** The endpoints of --inet among options. */
export function inetOptions(options: readonly GivenOption[]): InetEndpoint[] {
  return options.flatMap(({ name, value = '' }) => (name === '--inet' ? (parseInet(value) ?? []) : []));
}

/** @param listen of a socket unit, as systemctl show has it: `127.0.0.1:60000 (Stream)`, a line for each */
export function inetOfUnit(listen: string): InetEndpoint[] {
  return [...listen.matchAll(/^(\S+:\d+) \(Stream\)$/gm)].flatMap(([, name = '']) => parseInet(name) ?? []);
}

/** The same for its unix sockets: `/run/greyd/socket (Stream)`. */
export function unixOfUnit(listen: string): string[] {
  return [...listen.matchAll(/^(\/.*) \(Stream\)$/gm)].map(([, path = '']) => path);
}

/** For messages. */
export function namesOf(sockets: readonly Socket[]): string {
  return sockets.map(({ name }) => name).join(', ');
}

export function inetOf(sockets: readonly Socket[]): InetEndpoint[] {
  return sockets.map(({ endpoint }) => endpoint).filter((endpoint) => endpoint.kind === 'inet');
}

/** The unix socket among them; its file is looked at for whose it is. */
export function unixOf(sockets: readonly Socket[]): UnixSocket | undefined {
  const endpoint = sockets.map((socket) => socket.endpoint).find(({ kind }) => kind === 'unix');
  if (endpoint?.kind !== 'unix') return undefined;
  const { mode } = endpoint;
  const stat = statSync(endpoint.path, { throwIfNoEntry: false });
  const owner = stat === undefined ? undefined : { user: `${stat.uid}`, group: `${stat.gid}` };
  return { path: normalize(endpoint.path), mode, owner: isForAll(mode) ? undefined : owner };
}

/** Whether everybody may connect, whoever owns the socket. */
export function isForAll(mode: number): boolean {
  return (mode & 0o006) === 0o006;
}

/** Whether somebody listens there; nothing is asked. */
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
